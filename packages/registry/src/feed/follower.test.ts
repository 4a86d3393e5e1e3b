import type { FeedServerMessage } from '@agent-mesh/api'
import type { AgentId } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { Follower } from './follower.js'
import { Spreading } from './spreading.js'

const limits = {
  unacknowledgedBytes: 100,
  unacknowledgedMessages: 3,
  snapshotMs: 1_000,
  helloMs: 500,
}
const alice = 'alice' as AgentId

const follower = () => new Follower({ address: '::1', nonce: new Uint8Array(32), limits, now: 0 })
const snapshot = (sequence: number): FeedServerMessage => ({
  type: 'snapshot',
  sequence,
  agents: [],
  rules: [],
  groups: [],
  revoked: [],
})
const change = (sequence: number): FeedServerMessage => ({
  type: 'change',
  sequence,
  upsert: {},
  remove: {},
})

const joined = () => {
  const one = follower()
  one.join(alice, 'default')
  one.sent(snapshot(5), 10_000, 0)
  one.acknowledge(5)
  return one
}

describe('a follower', () => {
  it('follows its groups once it has a snapshot to build on', () => {
    const one = follower()
    one.join(alice, 'default')
    expect(one.follows('default')).toBe(false)
    one.sent(snapshot(5), 10, 0)
    expect(one.follows('default')).toBe(true)
    expect(one.follows('other')).toBe(false)
  })

  it('is too slow when it leaves too many bytes or messages unacknowledged', () => {
    const bytes = joined()
    expect(bytes.sent(change(6), 100, 0)).toBe(true)
    expect(bytes.sent(change(7), 1, 0)).toBe(false)
    const messages = joined()
    for (const sequence of [6, 7, 8]) expect(messages.sent(change(sequence), 1, 0)).toBe(true)
    expect(messages.sent(change(9), 1, 0)).toBe(false)
  })

  it('has room again for what it acknowledged', () => {
    const one = joined()
    for (let sequence = 6; sequence < 100; sequence++) {
      expect(one.sent(change(sequence), 90, 0)).toBe(true)
      expect(one.acknowledge(sequence)).toBe('noted')
    }
  })

  it('may not acknowledge what was never sent', () => {
    expect(joined().acknowledge(6)).toBe('invalid')
  })

  it('gets one snapshot after the other when agents join quickly', () => {
    const one = follower()
    one.join(alice, 'default')
    expect(one.wantSnapshot()).toBe(true)
    one.sent(snapshot(5), 10, 0)
    expect(one.wantSnapshot()).toBe(false)
    expect(one.wantSnapshot()).toBe(false)
    expect(one.acknowledge(5)).toBe('due')
    one.sent(snapshot(5), 10, 0)
    expect(one.acknowledge(5)).toBe('noted')
  })

  it('is overdue without a hello, or with a snapshot it does not acknowledge', () => {
    const silent = follower()
    expect(silent.overdue(500)).toBeUndefined()
    expect(silent.overdue(501)).toBe('no hello')
    const stuck = follower()
    stuck.join(alice, 'default')
    stuck.sent(snapshot(1), 10, 0)
    expect(stuck.overdue(1_001)).toBe('snapshot not acknowledged')
  })
})

describe('the spreading of a change', () => {
  it('is done when every follower has it', async () => {
    const [one, two] = [joined(), joined()]
    one.sent(change(6), 1, 0)
    two.sent(change(6), 1, 0)
    const spreading = new Spreading(6, [one, two])
    one.acknowledge(6)
    expect(spreading.check()).toBe(false)
    two.acknowledge(6)
    expect(spreading.check()).toBe(true)
    expect(await spreading.done).toEqual({ acknowledged: 2, pending: 0 })
  })

  it('counts the connections of one process as one daemon, which has it when all have', async () => {
    const followers = [joined(), joined(), joined()]
    for (const one of followers) one.sent(change(6), 1, 0)
    const [first, second, other] = followers as [Follower, Follower, Follower]
    first.instance = 'daemon'
    second.instance = 'daemon'
    first.acknowledge(6)
    other.acknowledge(6)
    const spreading = new Spreading(6, followers)
    spreading.finish()
    expect(await spreading.done).toEqual({ acknowledged: 1, pending: 1 })
  })

  it('does not wait for a follower that went away', async () => {
    const one = joined()
    one.sent(change(6), 1, 0)
    const spreading = new Spreading(6, [one])
    expect(spreading.forget(one)).toBe(true)
    expect(await spreading.done).toEqual({ acknowledged: 0, pending: 0 })
  })

  it('is done at once where nothing newer was sent', async () => {
    expect(await new Spreading(9, [joined()]).done).toEqual({ acknowledged: 1, pending: 0 })
  })
})
