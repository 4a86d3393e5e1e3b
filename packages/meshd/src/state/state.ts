import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import Database from 'better-sqlite3'
import { AgentsTable } from './agents-table.js'
import { DirectoriesTable } from './directories-table.js'
import { migrate } from './migrations.js'

/** `state.db`: what a started daemon must know. A `kill -9` at any moment loses nothing saved. */
export class State implements Disposable {
  readonly agents: AgentsTable
  readonly directories: DirectoriesTable
  readonly #database: Database.Database

  /** @throws MeshError 'config' when the file is damaged or from a newer release */
  constructor(home: string) {
    this.#database = open(join(home, 'state.db'))
    this.agents = new AgentsTable(this.#database)
    this.directories = new DirectoriesTable(this.#database)
  }

  [Symbol.dispose](): void {
    if (this.#database.open) this.#database.close()
  }
}

function open(path: string): Database.Database {
  // SQLite would make it with the umask's mode; its side files take the mode of the database.
  closeSync(openSync(path, 'a', 0o600))
  const database = new Database(path)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    migrate(database)
    return database
  } catch (cause) {
    database.close()
    if (cause instanceof MeshError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('config', `${path} cannot be used (${reason})`, {
      cause,
      hint: `move it away and bring your agents up again: mv ${path} ${path}.broken`,
    })
  }
}
