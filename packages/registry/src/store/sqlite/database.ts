/** Opens the database file: checks first, changes afterwards. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { MeshError } from '@agent-mesh/core'
import Sqlite from 'better-sqlite3'
import { migrations } from './migrations.js'

export type Database = Sqlite.Database

/** "MESH" in the header of the file, so that another program's database is not taken for ours. */
const applicationId = 0x4d455348

/** Another process (`owner-login`) may hold the write lock for a moment. */
const busyMs = 5_000

/**
 * @param path a file, or ':memory:'
 * @param create whether a missing file is made and an older schema brought up to date
 * @throws MeshError `config` when the file cannot be opened, is not ours or is of a newer version
 */
export function openDatabase(path: string, { create = true } = {}): Database {
  if (path !== ':memory:') prepareFile(path, create)
  let db: Database | undefined
  try {
    db = new Sqlite(path, { timeout: busyMs })
    const version = schemaVersion(db, path)
    if (version > migrations.length) {
      throw new MeshError(
        'config',
        `${path} was written by a newer version (schema ${version}; this one knows ${migrations.length})`,
        { hint: 'install the newer version again; the file was not changed' },
      )
    }
    if (!create && version < migrations.length) {
      throw new MeshError('config', `${path} is of an older version`, {
        hint: 'start the new server on it once',
      })
    }
    // WAL lets `owner-login` write beside a running server. FULL syncs every commit: what was
    // acknowledged is still there after a power cut.
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    migrate(db)
    return db
  } catch (error) {
    db?.close()
    if (error instanceof MeshError) throw error
    throw new MeshError('config', `${path} cannot be used: ${reasonOf(error)}`, { cause: error })
  }
}

/**
 * Holds `path`.lock as long as it is open: the operating system lets go of it when the process
 * ends, however it ends. It is a database of its own, so that `path` itself stays writable.
 */
export function lockDatabase(path: string): Database {
  if (path === ':memory:') return new Sqlite(path)
  const lockPath = `${path}.lock`
  prepareFile(lockPath, true)
  const lock = new Sqlite(lockPath, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new MeshError('config', `another server is running on ${path}`, {
      cause,
      hint: 'stop it, or name another file with --db-path',
    })
  }
}

/** The file holds the admission key: nobody else may read it, from its first moment on. */
function prepareFile(path: string, create: boolean): void {
  try {
    if (!create && !existsSync(path)) {
      throw new MeshError('config', `there is no database at ${path}`, {
        hint: 'name the file the server was started with: --db-path FILE',
      })
    }
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw new MeshError('config', `${path} cannot be opened: ${reasonOf(error)}`, { cause: error })
  }
}

function schemaVersion(db: Database, path: string): number {
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
  if (tables === 0) return 0
  if (db.pragma('application_id', { simple: true }) !== applicationId) {
    throw new MeshError('config', `${path} is a database of another program`)
  }
  return Number(db.pragma('user_version', { simple: true }))
}

function migrate(db: Database): void {
  const step = db.transaction(() => {
    // Read inside the transaction: another process may have gone ahead meanwhile.
    const version = Number(db.pragma('user_version', { simple: true }))
    const migration = migrations[version]
    if (migration === undefined) return false
    db.exec(migration)
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${version + 1}`)
    return true
  })
  while (step.immediate());
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'its permissions do not allow it',
  EPERM: 'its permissions do not allow it',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  SQLITE_NOTADB: 'it is not a SQLite database',
  SQLITE_BUSY: 'another process holds it',
  SQLITE_FULL: 'the disk is full',
  SQLITE_CORRUPT: 'it is damaged',
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? reasons[code.split('_', 2).join('_')] ?? (code || String(error))
}
