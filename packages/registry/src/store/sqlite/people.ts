import type { Person, StoreWriter } from '../store.js'
import type { Database } from './database.js'

export function people(db: Database): StoreWriter['people'] {
  const owner = db.prepare<[], Person>(
    `SELECT id, name, role FROM people WHERE role = 'owner' ORDER BY created_at LIMIT 1`,
  )
  const add = db.prepare('INSERT INTO people (id, name, role, created_at) VALUES (?, ?, ?, ?)')
  return {
    owner: () => owner.get(),
    add(person, now) {
      add.run(person.id, person.name, person.role, now)
    },
  }
}
