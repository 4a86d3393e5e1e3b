import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import Database from 'better-sqlite3'

/**
 * One daemon per MESH_HOME. The lock is the operating system's, taken through SQLite because Node
 * has no flock: it ends with the process however that ends, so there is no stale pid to judge.
 */
export class HomeLock implements Disposable {
  readonly #database: Database.Database

  /**
   * Waits half a second, for the one before may have removed its socket and not yet ended.
   * @throws MeshError 'config' with details.reason 'locked' while another daemon holds the home
   */
  constructor(home: string) {
    this.#database = new Database(join(home, 'meshd.lock'), { timeout: 500 })
    try {
      // Without a journal there are no side files to clean up after a crash.
      this.#database.pragma('journal_mode = OFF')
      this.#database.exec('BEGIN EXCLUSIVE')
    } catch (cause) {
      this.#database.close()
      throw new MeshError('config', 'meshd is already running', {
        cause,
        details: { reason: 'locked' },
      })
    }
  }

  [Symbol.dispose](): void {
    if (this.#database.open) this.#database.close()
  }
}
