import type { AgentId } from '@agent-mesh/core'
import type { AgentSearch, StoredAgent, StoreWriter } from '../store.js'
import type { Database } from './database.js'

interface Row extends Omit<StoredAgent, 'capabilities' | 'hidden' | 'document' | 'signature'> {
  readonly capabilities: string
  readonly hidden: number
  readonly document: Buffer
  readonly signature: Buffer
}

const columns = `
  SELECT agents.id, agents.name, group_name AS "group", sequence, description, hidden, document,
    signature, registered_by AS registeredBy, registered_at AS registeredAt,
    last_seen_at AS lastSeenAt,
    (SELECT json_group_array(name) FROM
      (SELECT name FROM capabilities WHERE agent = agents.id ORDER BY position)) AS capabilities
  FROM agents`
const inTheGroups = 'group_name IN (SELECT value FROM json_each(:groups))'

// Every condition stands in the one statement; an absent one is switched off by its NULL. The
// bounds of `prefix.*` are names, not patterns, so no character of a capability is special.
const matches = `
  ${inTheGroups}
  AND (:name IS NULL OR agents.name = :name)
  AND (:capability IS NULL OR EXISTS (SELECT 1 FROM capabilities
    WHERE agent = agents.id AND capabilities.name = :capability))
  AND (:from IS NULL OR EXISTS (SELECT 1 FROM capabilities
    WHERE agent = agents.id AND capabilities.name >= :from AND capabilities.name < :until))
  AND NOT EXISTS (SELECT 1 FROM json_each(:words) WHERE instr(search_text, value) = 0)`

export function agents(db: Database): StoreWriter['agents'] {
  const byId = db.prepare<[string], Row>(`${columns} WHERE agents.id = ?`)
  const named = db.prepare<[object], Row>(
    `${columns} WHERE ${inTheGroups} AND agents.name = :name ORDER BY agents.id`,
  )
  const withPrefix = db.prepare<[object], Row>(
    `${columns} WHERE ${inTheGroups} AND agents.id >= :prefix AND agents.id < :prefix || '~'
     ORDER BY agents.id LIMIT 2`,
  )
  const find = db.prepare<[object], Row>(
    `${columns} WHERE ${matches} AND (:afterName IS NULL OR (agents.name, agents.id) >
       (:afterName, :afterId)) ORDER BY agents.name, agents.id LIMIT :limit`,
  )
  const total = db.prepare<[object], number>(`SELECT count(*) FROM agents WHERE ${matches}`).pluck()
  const inGroups = db.prepare<[object], Row>(`${columns} WHERE ${inTheGroups} ORDER BY agents.name`)
  const count = db
    .prepare<[string], number>('SELECT count(*) FROM agents WHERE group_name = ?')
    .pluck()
  const put = db.prepare(
    `INSERT INTO agents (id, name, group_name, sequence, description, hidden, document, signature,
       search_text, registered_by, registered_at, last_seen_at)
     VALUES (:id, :name, :group, :sequence, :description, :hidden, :document, :signature,
       :searchText, :registeredBy, :registeredAt, :lastSeenAt)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, group_name = excluded.group_name,
       sequence = excluded.sequence, description = excluded.description, hidden = excluded.hidden,
       document = excluded.document, signature = excluded.signature,
       search_text = excluded.search_text, last_seen_at = excluded.last_seen_at`,
  )
  const forgetCapabilities = db.prepare('DELETE FROM capabilities WHERE agent = ?')
  const addCapability = db.prepare(
    'INSERT INTO capabilities (agent, position, name) VALUES (?, ?, ?)',
  )
  const seen = db.prepare('UPDATE agents SET last_seen_at = ? WHERE id = ?')
  return {
    byId(id) {
      const row = byId.get(id)
      return row && agentOf(row)
    },
    named: (name, groups) => named.all({ name, groups: JSON.stringify(groups) }).map(agentOf),
    withPrefix: (prefix, groups) =>
      withPrefix.all({ prefix, groups: JSON.stringify(groups) }).map(agentOf),
    find(search) {
      const conditions = conditionsOf(search)
      const page = {
        afterName: search.after?.name ?? null,
        afterId: search.after?.id ?? null,
        limit: search.limit,
      }
      return {
        agents: find.all({ ...conditions, ...page }).map(agentOf),
        total: total.get(conditions) ?? 0,
      }
    },
    inGroups: (groups) => inGroups.all({ groups: JSON.stringify(groups) }).map(agentOf),
    count: (group) => count.get(group) ?? 0,
    put(agent) {
      const { capabilities, ...columns } = agent
      put.run({ ...columns, hidden: agent.hidden ? 1 : 0, searchText: searchTextOf(agent) })
      forgetCapabilities.run(agent.id)
      for (const [position, name] of capabilities.entries()) {
        addCapability.run(agent.id, position, name)
      }
    },
    seen(id: AgentId, now: number) {
      seen.run(now, id)
    },
  }
}

function agentOf(row: Row): StoredAgent {
  return {
    ...row,
    capabilities: JSON.parse(row.capabilities) as string[],
    hidden: row.hidden === 1,
    document: new Uint8Array(row.document),
    signature: new Uint8Array(row.signature),
  }
}

/** Lower case on both sides, here and not in SQLite, which knows only ASCII's. */
function searchTextOf({ name, capabilities, description }: StoredAgent): string {
  return [name, ...capabilities, description].join('\n').toLowerCase()
}

function conditionsOf({ groups, name, capability, words = [] }: AgentSearch) {
  const everything = capability === undefined || capability === '*'
  const prefix = !everything && capability.endsWith('.*') ? capability.slice(0, -1) : undefined
  return {
    groups: JSON.stringify(groups),
    name: name ?? null,
    capability: everything || prefix !== undefined ? null : capability,
    from: prefix ?? null,
    // The first name after all that begin with `prefix.`: "/" follows "." in every collation here.
    until: prefix === undefined ? null : `${prefix.slice(0, -1)}/`,
    words: JSON.stringify(words.map((word) => word.toLowerCase())),
  }
}
