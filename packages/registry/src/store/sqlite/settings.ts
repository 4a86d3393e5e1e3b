import type { SettingName, StoreWriter } from '../store.js'
import type { Database } from './database.js'

export function settings(db: Database): StoreWriter['settings'] {
  const get = db.prepare<[SettingName], Buffer>('SELECT value FROM settings WHERE name = ?').pluck()
  const put = db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)')
  const sequence = db
    .prepare<[], number>(`SELECT value FROM counters WHERE name = 'sequence'`)
    .pluck()
  const advance = db
    .prepare<[], number>(
      `UPDATE counters SET value = value + 1 WHERE name = 'sequence' RETURNING value`,
    )
    .pluck()
  return {
    get(name) {
      const value = get.get(name)
      return value === undefined ? undefined : new Uint8Array(value)
    },
    sequence: () => counted(sequence.get()),
    put(name, value) {
      put.run(name, value)
    },
    advance: () => counted(advance.get()),
  }
}

function counted(value: number | undefined): number {
  if (value === undefined) throw new Error('the sequence counter is missing')
  return value
}
