import type { Database, Statement } from 'better-sqlite3'

/** The registry's last word to each agent, with which it works while the registry is away. */
export class DirectoriesTable {
  readonly #get: Statement<[string], { directory: string }>
  readonly #save: Statement<[string, number, string]>

  constructor(database: Database) {
    this.#get = database.prepare('SELECT directory FROM directories WHERE agent = ?')
    this.#save = database.prepare(
      `INSERT INTO directories VALUES (?, ?, ?) ON CONFLICT (agent)
       DO UPDATE SET saved_at = excluded.saved_at, directory = excluded.directory`,
    )
  }

  /** JSON, as it was saved. */
  get(agent: string): string | undefined {
    return this.#get.get(agent)?.directory
  }

  save(agent: string, directory: string, savedAt: number): void {
    this.#save.run(agent, savedAt, directory)
  }
}
