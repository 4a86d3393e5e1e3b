import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentId, createKeypair, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failure } from '../../testing/index.js'
import type { Store, StoredAgent } from '../store.js'
import { migrations } from './migrations.js'
import { openSqliteStore } from './sqlite-store.js'

const newId = () => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id
const owner = { id: 'p1', name: 'owner', role: 'owner' } as const

const agentWith = (overrides: Partial<StoredAgent> = {}): StoredAgent => ({
  id: newId(),
  name: 'bob',
  group: 'default',
  sequence: 1,
  capabilities: ['echo'],
  description: '',
  hidden: false,
  document: new Uint8Array([1, 2]),
  signature: new Uint8Array([3]),
  registeredBy: owner.id,
  registeredAt: 10,
  lastSeenAt: 10,
  ...overrides,
})

const storeWith = (...agents: StoredAgent[]): Store => {
  const store = openSqliteStore(':memory:')
  store.change((tx) => {
    tx.people.add(owner, 1)
    for (const agent of agents) tx.agents.put(agent)
  })
  return store
}

describe('the store', () => {
  it('forgets all of a change that throws', () => {
    using store = storeWith()
    const work = () =>
      store.change((tx) => {
        tx.settings.advance()
        throw new Error('half-way')
      })
    expect(work).toThrow('half-way')
    expect(store.read.settings.sequence()).toBe(0)
  })

  it('replaces an agent with its capabilities and keeps when it was first registered', () => {
    const agent = agentWith()
    using store = storeWith(agent)
    const newer = { ...agent, sequence: 2, capabilities: ['sing', 'dance'], registeredAt: 99 }
    store.change((tx) => tx.agents.put(newer))
    expect(store.read.agents.byId(agent.id)).toEqual({ ...newer, registeredAt: 10 })
  })

  it('finds by exact capability, by prefix, and by words without regard to case', () => {
    const planner = agentWith({ name: 'planner', capabilities: ['calendar.read', 'calendar.book'] })
    const archive = agentWith({ name: 'archive', capabilities: ['calendarx', 'calendar/x'] })
    const poet = agentWith({
      name: 'poet',
      capabilities: ['100%', 'a_b'],
      description: 'ÖDEN & Odes',
    })
    using store = storeWith(planner, archive, poet)
    const names = (search: object) =>
      store.read.agents
        .find({ groups: ['default'], limit: 10, ...search })
        .agents.map(({ name }) => name)
    expect(names({ capability: 'calendar.*' })).toEqual(['planner'])
    expect(names({ capability: 'calendar.read' })).toEqual(['planner'])
    expect(names({ capability: '*' })).toEqual(['archive', 'planner', 'poet'])
    expect(names({ words: ['öden', 'POET'] })).toEqual(['poet'])
    expect(names({ words: ['%'] })).toEqual(['poet'])
    expect(names({ words: ['a_b'] })).toEqual(['poet'])
    expect(names({ words: ['axb'] })).toEqual([])
    expect(names({ name: 'archive' })).toEqual(['archive'])
    expect(names({ groups: ['other'] })).toEqual([])
  })

  it('gives pages that neither repeat nor miss an agent, and the total of all', () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => agentWith({ name }))
    using store = storeWith(...all)
    const first = store.read.agents.find({ groups: ['default'], limit: 2 })
    expect(first.total).toBe(5)
    const [, second] = first.agents
    const rest = store.read.agents.find({ groups: ['default'], limit: 9, after: second })
    expect(rest.agents.map(({ name }) => name)).toEqual(['c', 'd', 'e'])
    expect(rest.total).toBe(5)
  })

  it('finds by id prefix within the groups, and tells when it is not unique', () => {
    const one = agentWith({ id: `abcdef1${'A'.repeat(36)}` as AgentId, name: 'one' })
    const two = agentWith({ id: `abcdef2${'A'.repeat(36)}` as AgentId, name: 'two' })
    using store = storeWith(one, two)
    const { agents } = store.read
    expect(agents.withPrefix('abcdef', ['default'])).toHaveLength(2)
    expect(agents.withPrefix('abcdef2', ['default']).map(({ name }) => name)).toEqual(['two'])
    expect(agents.withPrefix('abcdef2', ['other'])).toEqual([])
    expect(agents.withPrefix('%', ['default'])).toEqual([])
  })

  it('knows a rule by its meaning and never gives a number twice', () => {
    using store = storeWith()
    const meaning = {
      group: 'default',
      effect: 'allow',
      from: '*',
      to: '*',
      capability: 'x',
    } as const
    const first = store.change((tx) =>
      tx.rules.add({ ...meaning, createdAt: 1, createdBy: owner.id }),
    )
    expect(store.read.rules.meaning(meaning)).toEqual({ ...first, createdBy: 'owner' })
    store.change((tx) => tx.rules.remove(first.id))
    const second = store.change((tx) =>
      tx.rules.add({ ...meaning, createdAt: 2, createdBy: owner.id }),
    )
    expect(Number(second.id)).toBeGreaterThan(Number(first.id))
    expect(store.read.rules.byId('1; DROP TABLE rules')).toBeUndefined()
  })

  it('takes a login code once and never after it expired', () => {
    using store = storeWith()
    const hash = new Uint8Array(32).fill(7)
    store.change((tx) => tx.loginCodes.add({ hash, createdAt: 0, expiresAt: 100 }))
    expect(store.change((tx) => tx.loginCodes.take(hash, 100))).toBe(false)
    expect(store.change((tx) => tx.loginCodes.take(hash, 99))).toBe(true)
    expect(store.change((tx) => tx.loginCodes.take(hash, 99))).toBe(false)
  })

  it('keeps the newest tokens of a person and none that expired', () => {
    using store = storeWith()
    const hashOf = (n: number) => new Uint8Array(32).fill(n)
    store.change((tx) => {
      for (const n of [1, 2, 3]) {
        const createdAt = n
        const expiresAt = n === 3 ? 50 : 1_000
        tx.tokens.add({ hash: hashOf(n), person: owner.id, device: '', createdAt, expiresAt })
      }
      tx.tokens.prune(owner.id, 1, 60)
    })
    const known = [1, 2, 3].map((n) => store.read.tokens.login(hashOf(n), 60) !== undefined)
    expect(known).toEqual([false, true, false])
  })
})

describe('the database file', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-store-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const file = () => join(folder, 'mesh.db')

  it('is readable by its owner alone, and so is what SQLite puts beside it', () => {
    using store = openSqliteStore(file())
    expect(store.read.settings.sequence()).toBe(0)
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(file() + suffix).mode & 0o777).toBe(0o600)
    }
  })

  it('keeps everything across a restart and runs each migration once', () => {
    {
      using store = openSqliteStore(file())
      store.change((tx) => {
        tx.people.add(owner, 1)
        tx.agents.put(agentWith({ name: 'kept' }))
        tx.settings.advance()
      })
    }
    using store = openSqliteStore(file())
    expect(store.read.agents.named('kept', ['default'])).toHaveLength(1)
    expect(store.read.settings.sequence()).toBe(1)
  })

  it('is refused and left as it is when a newer version wrote it', async () => {
    openSqliteStore(file())[Symbol.dispose]()
    const db = new Sqlite(file())
    db.pragma(`user_version = ${migrations.length + 1}`)
    db.pragma('journal_mode = DELETE')
    db.close()
    const before = readFileSync(file())
    const error = await failure(() => openSqliteStore(file()))
    expect(error).toMatchObject({ code: 'config' })
    expect(error.message).toContain('newer version')
    expect(readFileSync(file())).toEqual(before)
  })

  it('is refused when it is not ours', async () => {
    const db = new Sqlite(file())
    db.exec('CREATE TABLE photos (id INTEGER)')
    db.close()
    const foreign = await failure(() => openSqliteStore(file()))
    expect(foreign.message).toContain('another program')
    writeFileSync(join(folder, 'notes.txt'), 'x'.repeat(5_000))
    const text = await failure(() => openSqliteStore(join(folder, 'notes.txt')))
    expect(text.message).toContain('not a SQLite database')
    const nowhere = await failure(() => openSqliteStore(join(folder, 'no', 'mesh.db')))
    expect(nowhere.message).toContain('folder does not exist')
    const missing = await failure(() => openSqliteStore(file().slice(1), { create: false }))
    expect(missing.message).toContain('no database')
  })

  it('says so when the disk is full, and keeps what it had', async () => {
    {
      using store = openSqliteStore(file())
      store.change((tx) => tx.people.add(owner, 1))
    }
    using full = openSqliteStore(file(), { maxPages: 1 })
    const document = new Uint8Array(60_000)
    const work = () => full.change((tx) => tx.agents.put(agentWith({ document })))
    expect(await failure(work)).toMatchObject({ code: 'store-full' })
    expect(full.read.people.owner()).toEqual(owner)
  })

  it('is open to one registry at a time, and to login codes beside it', async () => {
    using registry = openSqliteStore(file(), { exclusive: true })
    const second = await failure(() => openSqliteStore(file(), { exclusive: true }))
    expect(second.message).toContain('another server is running')
    using beside = openSqliteStore(file(), { create: false })
    const hash = new Uint8Array(32)
    beside.change((tx) => tx.loginCodes.add({ hash, createdAt: 0, expiresAt: 100 }))
    expect(registry.change((tx) => tx.loginCodes.take(hash, 1))).toBe(true)
  })
})
