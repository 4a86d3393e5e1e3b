import type { StoreWriter } from '../store.js'
import type { Database } from './database.js'

export function groups(db: Database): StoreWriter['groups'] {
  const names = db.prepare<[], string>('SELECT name FROM groups ORDER BY name').pluck()
  return { names: () => names.all() }
}
