import type { StoreWriter } from '../store.js'
import type { Database } from './database.js'

export function loginCodes(db: Database): StoreWriter['loginCodes'] {
  const add = db.prepare(
    'INSERT OR REPLACE INTO login_codes (hash, created_at, expires_at) VALUES (?, ?, ?)',
  )
  const expire = db.prepare('DELETE FROM login_codes WHERE expires_at <= ?')
  const forgetOldest = db.prepare(
    `DELETE FROM login_codes WHERE hash NOT IN
       (SELECT hash FROM login_codes ORDER BY created_at DESC LIMIT ?)`,
  )
  const take = db.prepare('DELETE FROM login_codes WHERE hash = ? AND expires_at > ?')
  return {
    add(code) {
      add.run(code.hash, code.createdAt, code.expiresAt)
    },
    prune(keep, now) {
      expire.run(now)
      forgetOldest.run(keep)
    },
    take: (hash, now) => take.run(hash, now).changes === 1,
  }
}
