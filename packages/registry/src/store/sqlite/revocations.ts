import { type AgentId, x25519Of } from '@agent-mesh/core'
import type { StoreWriter } from '../store.js'
import type { Database } from './database.js'

/** Keyed by the X25519 form: ±A finish the same handshakes, so they fall together. */
export function revocations(db: Database): StoreWriter['revocations'] {
  const has = db.prepare<[Uint8Array]>('SELECT 1 FROM revocations WHERE exchange_key = ?')
  const all = db.prepare<[], AgentId>('SELECT agent FROM revocations ORDER BY revoked_at').pluck()
  const add = db.prepare(
    'INSERT OR IGNORE INTO revocations (exchange_key, agent, revoked_at) VALUES (?, ?, ?)',
  )
  return {
    has: (id) => has.get(x25519Of(id)) !== undefined,
    all: () => all.all(),
    add(id, now) {
      add.run(x25519Of(id), id, now)
    },
  }
}
