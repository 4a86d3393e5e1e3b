import { equal } from '@agent-mesh/core'
import type { Person, StoreWriter } from '../store.js'
import type { Database } from './database.js'

interface Row extends Person {
  readonly hash: Uint8Array
  readonly expiresAt: number
}

export function tokens(db: Database): StoreWriter['tokens'] {
  const login = db.prepare<[Uint8Array, number], Row>(
    `SELECT people.id, people.name, people.role, tokens.hash, tokens.expires_at AS expiresAt
     FROM tokens JOIN people ON people.id = tokens.person
     WHERE tokens.hash = ? AND tokens.expires_at > ?`,
  )
  const add = db.prepare(
    'INSERT INTO tokens (hash, person, device, created_at, expires_at) VALUES (?, ?, ?, ?, ?)',
  )
  const expire = db.prepare('DELETE FROM tokens WHERE expires_at <= ?')
  const forgetOldest = db.prepare(
    `DELETE FROM tokens WHERE person = ? AND hash NOT IN
       (SELECT hash FROM tokens WHERE person = ? ORDER BY created_at DESC LIMIT ?)`,
  )
  return {
    login(hash, now) {
      const row = login.get(hash, now)
      // The index compares byte by byte; what it found is compared once more in constant time.
      if (row === undefined || !equal(row.hash, hash)) return undefined
      const { id, name, role, expiresAt } = row
      return { person: { id, name, role }, expiresAt }
    },
    add(token) {
      add.run(token.hash, token.person, token.device, token.createdAt, token.expiresAt)
    },
    prune(person, keep, now) {
      expire.run(now)
      forgetOldest.run(person, person, keep)
    },
  }
}
