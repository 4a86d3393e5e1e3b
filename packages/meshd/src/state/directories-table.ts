import type { DirectoryState } from '@agent-mesh/sdk'
import type { Database, Statement } from 'better-sqlite3'

/** The registry's last word to each agent, with which it works while the registry is away. */
export class DirectoriesTable {
  readonly #get: Statement<[string], { directory: string }>
  readonly #save: Statement<[string, number, string]>
  readonly #remove: Statement<[string]>

  constructor(database: Database) {
    this.#get = database.prepare('SELECT directory FROM directories WHERE agent = ?')
    this.#save = database.prepare(
      `INSERT INTO directories VALUES (?, ?, ?) ON CONFLICT (agent)
       DO UPDATE SET saved_at = excluded.saved_at, directory = excluded.directory`,
    )
    this.#remove = database.prepare('DELETE FROM directories WHERE agent = ?')
  }

  get(agent: string): DirectoryState | undefined {
    const row = this.#get.get(agent)
    // Written by `save` alone, and its cards are verified again by whoever reads them.
    return row && (JSON.parse(row.directory) as DirectoryState)
  }

  save(agent: string, directory: DirectoryState, savedAt: number): void {
    this.#save.run(agent, savedAt, JSON.stringify(directory))
  }

  /** For an agent that became another one: what was told to the old one is not the new one's. */
  remove(agent: string): void {
    this.#remove.run(agent)
  }
}
