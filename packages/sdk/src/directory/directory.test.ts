import type { FeedAgent } from '@agent-mesh/api'
import {
  type AgentId,
  createKeypair,
  isName,
  type Keypair,
  nobleCrypto,
  type Rule,
  SecretKey,
  signCard,
  signedToText,
} from '@agent-mesh/core'
import { FakeClock } from '@agent-mesh/core/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { limits } from '../limits.js'
import { Directory, type LocalPolicy } from './directory.js'

const keypairOf = (seed: number): Keypair =>
  createKeypair(SecretKey.fromSeed(new Uint8Array(32).fill(seed)), nobleCrypto)
const self = keypairOf(1)
const bob = keypairOf(2)
const carol = keypairOf(3)
const dora = keypairOf(4)

function agent(
  keypair: Keypair,
  name: string,
  { group = 'default', sequence = 1 } = {},
): FeedAgent {
  const card = signCard(keypair, { name, sequence, capabilities: [] })
  return { ...signedToText(card.signed), group }
}

const allow = (from: AgentId | '*', capability = '*') => ({
  id: '1',
  effect: 'allow' as const,
  from,
  to: self.id,
  capability,
})

const snapshot = (over: object = {}) => ({
  type: 'snapshot' as const,
  sequence: 10,
  agents: [agent(self, 'alice'), agent(bob, 'bob'), agent(carol, 'carol', { group: 'other' })],
  rules: [allow(bob.id, 'echo')],
  groups: [{ name: 'default' }],
  revoked: [] as AgentId[],
  ...over,
})

const change = (over: object) => ({
  type: 'change' as const,
  sequence: 11,
  upsert: {},
  remove: {},
  ...over,
})

let clock: FakeClock
let directory: Directory
let local: Rule[]
let follow: boolean
const policy: LocalPolicy = { localRules: () => local, followRegistry: () => follow }

beforeEach(() => {
  clock = new FakeClock({ now: 5_000 })
  local = []
  follow = true
  directory = new Directory({ self: self.id, crypto: nobleCrypto, clock, policy })
})

describe('who is meant', () => {
  beforeEach(() => directory.apply(snapshot()))

  test('by name, by id, by the beginning of an id', () => {
    for (const target of ['bob', bob.id, bob.id.slice(0, 6)]) {
      expect(directory.resolve(target).id).toBe(bob.id)
    }
  })

  test('nobody by less than six characters, and nobody who is not in view', () => {
    for (const target of [bob.id.slice(0, 5), 'dora', dora.id, '', '*']) {
      expect(() => directory.resolve(target)).toThrow(
        expect.objectContaining({ code: 'unknown-agent', details: { target } }),
      )
    }
  })

  test('two of one name in two groups are ambiguous, with both named', () => {
    directory.apply(change({ upsert: { agents: [agent(dora, 'bob', { group: 'other' })] } }))
    expect(() => directory.resolve('bob')).toThrow(
      expect.objectContaining({
        code: 'ambiguous',
        details: {
          target: 'bob',
          candidates: expect.arrayContaining([
            { id: bob.id, name: 'bob', group: 'default' },
            { id: dora.id, name: 'bob', group: 'other' },
          ]) as unknown,
        },
      }),
    )
  })

  test('a name that is the beginning of another’s id hides neither', () => {
    let seed = 10
    let found = keypairOf(seed)
    while (!isName(found.id.slice(0, 6))) found = keypairOf(++seed)
    const prefix = found.id.slice(0, 6)
    directory.apply(change({ upsert: { agents: [agent(found, 'x'), agent(dora, prefix)] } }))
    expect(() => directory.resolve(prefix)).toThrow(expect.objectContaining({ code: 'ambiguous' }))
  })

  test('a revoked agent keeps its name, and says that it is revoked', () => {
    directory.apply(change({ remove: { agents: [bob.id] }, revoked: [bob.id] }))
    expect(directory.resolve('bob')).toMatchObject({ id: bob.id, revoked: true })
  })
})

describe('may it call', () => {
  test('nobody may before the first word of the registry', () => {
    expect(directory.ageMs).toBeUndefined()
    expect(directory.decide(bob.id, 'echo')).toMatchObject({ allowed: false, code: 'denied' })
    expect(directory.mayTalk(bob.id)).toBe(false)
  })

  test('by the registry’s rules while they are followed, by one’s own before them', () => {
    directory.apply(snapshot())
    expect(directory.decide(bob.id, 'echo')).toMatchObject({ allowed: true })
    expect(directory.decide(bob.id, 'shell')).toMatchObject({ by: { source: 'default' } })
    follow = false
    expect(directory.decide(bob.id, 'echo').allowed).toBe(false)
    local = [{ effect: 'allow', from: bob.id, to: '*', capability: '*' }]
    expect(directory.decide(bob.id, 'shell')).toMatchObject({ by: { source: 'local' } })
  })

  test('not from another group, not when revoked', () => {
    directory.apply(snapshot({ rules: [allow('*')] }))
    expect(directory.decide(carol.id, 'echo')).toMatchObject({ by: { source: 'group' } })
    directory.apply(change({ revoked: [bob.id] }))
    expect(directory.decide(bob.id, 'echo')).toMatchObject({ code: 'revoked' })
    expect(directory.mayTalk(bob.id)).toBe(false)
  })

  test('a rule goes with its removal', () => {
    directory.apply(snapshot())
    directory.apply(change({ remove: { rules: ['1'] } }))
    expect(directory.decide(bob.id, 'echo').allowed).toBe(false)
  })

  test('nobody may once the registry has been silent for a day', () => {
    directory.apply(snapshot())
    directory.lost()
    clock.advance(limits.directoryStaleMs)
    expect(directory.decide(bob.id, 'echo').allowed).toBe(true)
    clock.advance(1)
    expect(directory.decide(bob.id, 'echo').allowed).toBe(false)
  })
})

describe('what it believes', () => {
  test('a card that its agent did not sign is not taken', () => {
    const forged = { ...agent(bob, 'bob'), signature: agent(carol, 'bob').signature }
    directory.apply(snapshot({ agents: [agent(self, 'alice'), forged] }))
    expect(directory.agents().map(({ name }) => name)).toEqual(['alice'])
  })

  test('an older card does not take the place of a newer one', () => {
    directory.apply(snapshot({ agents: [agent(bob, 'robert', { sequence: 5 })] }))
    directory.apply(snapshot({ agents: [agent(bob, 'bob', { sequence: 4 })] }))
    expect(directory.nameOf(bob.id)).toBe('robert')
  })

  test('a revocation survives a registry that forgot it', () => {
    directory.apply(snapshot({ revoked: [bob.id] }))
    directory.apply(snapshot())
    expect(directory.isRevoked(bob.id)).toBe(true)
    expect(directory.resolve('bob').revoked).toBe(true)
  })

  test('listeners hear of a change when it is in force', () => {
    const seen: boolean[] = []
    directory.onChange(() => seen.push(directory.decide(bob.id, 'echo').allowed))
    directory.apply(snapshot())
    directory.apply(change({ remove: { rules: ['1'] } }))
    expect(seen).toEqual([true, false])
  })
})

describe('from a disk', () => {
  test('what was kept is as good as its age', () => {
    directory.apply(snapshot({ revoked: [carol.id] }))
    const kept = JSON.parse(JSON.stringify(directory.state())) as ReturnType<Directory['state']>
    clock.advance(limits.directoryStaleMs - 1)
    const options = { self: self.id, crypto: nobleCrypto, clock, policy, cached: kept }
    const later = new Directory(options)
    expect(later.isCurrent).toBe(false)
    expect(later.sequence).toBe(10)
    expect(later.decide(bob.id, 'echo').allowed).toBe(true)
    expect(later.isRevoked(carol.id)).toBe(true)
    clock.advance(2)
    expect(later.decide(bob.id, 'echo').allowed).toBe(false)
  })

  test('the feed makes it young again', () => {
    directory.apply(snapshot())
    const cached = directory.state()
    clock.advance(2 * limits.directoryStaleMs)
    const later = new Directory({ self: self.id, crypto: nobleCrypto, clock, policy, cached })
    later.apply(snapshot())
    expect(later.ageMs).toBe(0)
    later.lost()
    clock.advance(100)
    expect(later.ageMs).toBe(100)
  })
})
