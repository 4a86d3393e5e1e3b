import type { Store, StoreWriter } from '../store.js'
import { agents } from './agents.js'
import { openDatabase } from './database.js'
import { groups } from './groups.js'
import { loginCodes } from './login-codes.js'
import { people } from './people.js'
import { revocations } from './revocations.js'
import { rules } from './rules.js'
import { settings } from './settings.js'
import { tokens } from './tokens.js'

/**
 * The registry's store in one SQLite file; ':memory:' is a store that forgets.
 *
 * @throws MeshError `config` when the file cannot be used, saying why
 */
export function openSqliteStore(path: string, options: { create?: boolean } = {}): Store {
  const db = openDatabase(path, options)
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
    change: (work) => db.transaction(() => work(tables)).immediate(),
    [Symbol.dispose]() {
      db.close()
    },
  }
}
