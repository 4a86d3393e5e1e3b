import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { type AgentOptions, echo, newCallId, TestAgent } from './testing/agent.js'
import { pair as pairOf } from './testing/fixtures.js'

const hello = utf8('hello')

function pair(options: Partial<AgentOptions> = {}) {
  return pairOf({ crypto: nodeCrypto, ...options })
}

/** A handler that never answers. */
const ponder = () => {}

describe('a session', () => {
  test('resets what is no longer allowed when it decides again', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const one = alice.call(bob.id, 'one', hello)
    const two = alice.call(bob.id, 'two', hello)
    network.run(500)
    network.act(bob.id, (endpoint, now) => endpoint.redecide((_, name) => name !== 'one', now))
    network.run(100)
    expect([one.error, two.error]).toEqual(['denied', undefined])
    expect([...bob.served.values()].map(({ error }) => error)).toEqual(['denied', undefined])
  })

  test('ends the session of someone it may not talk to any more', () => {
    let isAllowed = true
    const { network, alice, bob } = pair({ mayTalk: () => isAllowed })
    bob.handler = ponder
    const call = alice.call(bob.id, 'one', hello)
    network.run(500)
    isAllowed = false
    network.act(bob.id, (endpoint, now) => endpoint.redecide(() => true, now))
    network.run(100)
    expect(call.error).toBe('denied')
    expect(bob.endpoint.stats().sessions).toBe(0)
  })

  test('says goodbye when it closes, and is silent afterwards', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    alice.handler = ponder
    const call = alice.call(bob.id, 'one', hello)
    const own = bob.call(alice.id, 'two', hello)
    network.run(500)
    network.act(bob.id, (endpoint, now) => endpoint.close(now))
    network.run(100)
    expect(call.error).toBe('interrupted')
    expect(own.error).toBe('interrupted')
    expect(bob.endpoint.deadline()).toBeUndefined()
    expect(bob.endpoint.stats()).toMatchObject({ sessions: 0, streams: 0, peers: 0 })
  })

  test('replaces a session after an hour of use, and the old one drains', () => {
    const { network, alice, bob } = pair()
    bob.handler = (agent, call) => {
      if (call.header.capability === 'echo') echo(agent, call)
    }
    const long = alice.call(bob.id, 'long', hello)
    network.run(3_601_000)
    expect(alice.endpoint.stats().sessions).toBe(1)
    const first = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect(first.isClosed).toBe(true)
    expect(alice.endpoint.stats().sessions).toBe(2)
    const second = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect(second.isClosed).toBe(true)
    for (const served of bob.served.values()) {
      if (!served.isClosed) network.act(bob.id, () => echo(bob, served))
    }
    network.run(1_000)
    expect(long.isClosed).toBe(true)
    expect(long.error).toBeUndefined()
    network.run(120_000)
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(bob.endpoint.stats().sessions).toBe(1)
  })

  test('sends nothing at all while its sessions are idle', () => {
    const { network, alice, bob } = pair()
    const call = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => call.isClosed)
    network.run(1_000)
    const before = network.sent.length
    network.run(86_400_000)
    expect(network.sent.length).toBe(before)
    expect(alice.endpoint.deadline()).toBeUndefined()
  })

  test('evicts the longest idle session, and never one at work', () => {
    const { network, bob } = pair({ limits: { maxSessions: 2 } })
    bob.handler = (agent, call) => {
      if (call.header.capability === 'echo') echo(agent, call)
    }
    const others = [1, 2, 3].map(() => {
      const agent = new TestAgent(network, { crypto: nodeCrypto })
      network.connect(agent.id, 'r1')
      return agent
    })
    const [a, b, c] = others as [TestAgent, TestAgent, TestAgent]
    const working = a.call(bob.id, 'ponder', hello)
    network.run(1_000)
    const idle = b.call(bob.id, 'echo', hello)
    network.run(1_000)
    const third = c.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect([idle.isClosed, third.isClosed, working.isClosed]).toEqual([true, true, false])
    expect(bob.endpoint.peerState(b.id).state).toBe('none')
    expect(bob.endpoint.peerState(a.id).state).toBe('established')
    const fourth = b.call(bob.id, 'ponder', hello)
    network.run(1_000)
    expect(bob.endpoint.peerState(c.id).state).toBe('none')
    expect(fourth.isClosed).toBe(false)
    const fifth = c.call(bob.id, 'echo', hello)
    network.run(40_000)
    expect(fifth.error).toBe('unreachable')
    expect(working.isClosed).toBe(false)
  })

  test('refuses a call id that runs already in the same session', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const id = newCallId()
    const first = alice.open(bob.id, { call: id })
    network.run(500)
    const again = alice.open(bob.id, { call: id })
    network.run(500)
    expect([first.isClosed, again.error]).toEqual([false, 'invalid'])
    expect(bob.runs.get(id)).toBe(1)
  })

  test('attaches a call that comes again over another session: it runs once', () => {
    const { network, alice, bob } = pair({ limits: { sessionUseMs: 1_000 } })
    bob.handler = ponder
    const id = newCallId()
    const send = (stream: number, bytes: Uint8Array) => {
      network.act(alice.id, (endpoint, now) => endpoint.write(stream, bytes, true, now))
    }
    const first = alice.open(bob.id, { call: id })
    send(first.stream, utf8('one'))
    network.run(2_000)
    // A new session stands beside the old one; the call comes again there, with more to it.
    const other = alice.call(bob.id, 'other', hello)
    network.run(500)
    expect(alice.endpoint.stats().sessions).toBe(2)
    const again = alice.open(bob.id, { call: id })
    for (const text of ['one', 'two']) send(again.stream, utf8(text))
    network.run(500)
    expect(bob.runs.get(id)).toBe(1)
    const served = [...bob.served.values()].find(({ header }) => header.call === id)
    expect(served?.messages.map((message) => fromUtf8(message))).toEqual(['one', 'two'])
    network.act(bob.id, (endpoint, now) => {
      if (served === undefined) return
      endpoint.write(served.stream, utf8('answer'), true, now)
      endpoint.end(served.stream, now)
    })
    network.act(alice.id, (endpoint, now) => endpoint.end(again.stream, now))
    expect(network.run(5_000, () => again.isClosed)).toBe(true)
    expect(again.messages.map((message) => fromUtf8(message))).toEqual(['answer'])
    expect(again.error).toBeUndefined()
    expect(other.isClosed).toBe(false)
  })

  test('wakes a session that rested as if nothing had been', () => {
    const { network, alice, bob } = pair({ limits: { maxWarmSessions: 0 } })
    for (let i = 0; i < 5; i++) {
      const call = alice.call(bob.id, 'echo', utf8(`call ${i}`))
      expect(network.run(2_000, () => call.isClosed)).toBe(true)
      const back = bob.call(alice.id, 'echo', utf8(`back ${i}`))
      expect(network.run(2_000, () => back.isClosed)).toBe(true)
      expect([call.error, back.error]).toEqual([undefined, undefined])
      network.run(10_000)
    }
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(network.sent.filter(({ packet }) => packet?.[0] === 1)).toHaveLength(1)
  })
})
