import { MeshError } from '@agent-mesh/core'
import { SqliteError } from 'better-sqlite3'
import type { Store, StoreWriter } from '../store.js'
import { agents } from './agents.js'
import { type Database, lockDatabase, openDatabase } from './database.js'
import { groups } from './groups.js'
import { loginCodes } from './login-codes.js'
import { people } from './people.js'
import { revocations } from './revocations.js'
import { rules } from './rules.js'
import { settings } from './settings.js'
import { tokens } from './tokens.js'

export interface SqliteStoreOptions {
  /** Make a missing file and bring an older schema up to date. Default: true. */
  readonly create?: boolean
  /**
   * Refuse to open what another process has opened so. A registry has to: it keeps members in
   * memory. Others may still open the file without it, to add a login code. Default: false.
   */
  readonly exclusive?: boolean
  /** Let the file grow no further than this many pages of 4 KiB, or than it is. */
  readonly maxPages?: number
}

/**
 * The registry's store in one SQLite file; ':memory:' is a store that forgets.
 *
 * @throws MeshError `config` when the file cannot be used, saying why
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const db = openDatabase(path, options)
  if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`)
  const lock = options.exclusive === true ? lockOrClose(db, path) : undefined
  const tables: StoreWriter = {
    people: people(db),
    tokens: tokens(db),
    loginCodes: loginCodes(db),
    groups: groups(db),
    agents: agents(db),
    rules: rules(db),
    revocations: revocations(db),
    settings: settings(db),
  }
  return {
    read: tables,
    // IMMEDIATE: a change that begins by reading must not lose the write lock half-way.
    change<T>(work: (tx: StoreWriter) => T): T {
      try {
        return db.transaction(() => work(tables)).immediate()
      } catch (error) {
        throw plainly(error)
      }
    },
    [Symbol.dispose]() {
      db.close()
      lock?.close()
    },
  }
}

/** What an operator can mend gets its own code; the rest is ours and passes through. */
function plainly(error: unknown): unknown {
  if (!(error instanceof SqliteError)) return error
  if (error.code === 'SQLITE_FULL') {
    return new MeshError('store-full', "the registry's disk is full", { cause: error })
  }
  if (error.code.startsWith('SQLITE_BUSY')) {
    return new MeshError('busy', 'the registry is busy; try again', { cause: error })
  }
  return error
}

function lockOrClose(db: Database, path: string): Database {
  try {
    return lockDatabase(path)
  } catch (error) {
    db.close()
    throw error
  }
}
