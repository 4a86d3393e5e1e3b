import type { StoredRule, StoreWriter } from '../store.js'
import type { Database } from './database.js'

const columns = `
  CAST(rules.id AS TEXT) AS id, rules.group_name AS "group", rules.effect,
  rules.from_agent AS "from", rules.to_agent AS "to", rules.capability,
  rules.created_at AS createdAt, people.name AS createdBy
  FROM rules JOIN people ON people.id = rules.created_by`

export function rules(db: Database): StoreWriter['rules'] {
  const byId = db.prepare<[string], StoredRule>(`SELECT ${columns} WHERE rules.id = ?`)
  const meaning = db.prepare<[string, string, string, string, string], StoredRule>(
    `SELECT ${columns} WHERE rules.group_name = ? AND rules.effect = ?
       AND rules.from_agent = ? AND rules.to_agent = ? AND rules.capability = ?`,
  )
  const inGroups = db.prepare<[string], StoredRule>(
    `SELECT ${columns} WHERE rules.group_name IN (SELECT value FROM json_each(?))
     ORDER BY rules.id`,
  )
  const count = db
    .prepare<[string], number>('SELECT count(*) FROM rules WHERE group_name = ?')
    .pluck()
  const add = db
    .prepare<[string, string, string, string, string, string, number], number>(
      `INSERT INTO rules
         (group_name, effect, from_agent, to_agent, capability, created_by, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    )
    .pluck()
  const remove = db.prepare('DELETE FROM rules WHERE id = ?')
  return {
    byId: (id) => (/^\d{1,15}$/.test(id) ? byId.get(id) : undefined),
    meaning: (rule) => meaning.get(rule.group, rule.effect, rule.from, rule.to, rule.capability),
    inGroups: (groups) => inGroups.all(JSON.stringify(groups)),
    count: (group) => count.get(group) ?? 0,
    add(rule) {
      const { group, effect, from, to, capability, createdBy, createdAt } = rule
      const id = String(add.get(group, effect, from, to, capability, createdBy, createdAt))
      const stored = byId.get(id)
      if (stored === undefined) throw new Error('a rule is gone that was just written')
      return stored
    },
    remove(id) {
      remove.run(id)
    },
  }
}
