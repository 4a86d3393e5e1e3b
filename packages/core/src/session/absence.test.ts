import { describe, expect, test } from 'vitest'
import { utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { type AgentOptions, TestAgent } from './testing/agent.js'
import { pair as pairOf } from './testing/fixtures.js'

const hello = utf8('hello')

function pair(options: Partial<AgentOptions> = {}) {
  return pairOf({ crypto: nodeCrypto, ...options })
}

/** A handler that never answers. */
const ponder = () => {}

describe('a peer that is not there', () => {
  test('fails a first call at once, by the word of the relay', () => {
    const { network, alice, bob } = pair()
    network.kill(bob.id)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(100, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
    network.run(60_000)
    expect(network.isQuiet).toBe(true)
    expect(alice.endpoint.deadline()).toBeUndefined()
  })

  test('fails a new call at once also where a session was left', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => first.isClosed)
    network.run(5_000)
    network.kill(bob.id)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(100, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
  })

  test('is awaited for a moment after an outage that both may have suffered', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => first.isClosed)
    network.run(1_000)
    network.disconnect(alice.id, 'r1')
    network.disconnect(bob.id, 'r1')
    network.connect(alice.id, 'r1')
    network.run(500)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(3_000, () => call.isClosed)).toBe(false)
    network.connect(bob.id, 'r1')
    expect(network.run(8_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
  })

  test('is not awaited for longer after an outage than a link is', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => first.isClosed)
    network.run(1_000)
    network.disconnect(alice.id, 'r1')
    network.disconnect(bob.id, 'r1')
    network.connect(alice.id, 'r1')
    network.run(4_000)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(5_900, () => call.isClosed)).toBe(false)
    expect(network.run(200, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
  })

  test('is awaited for 60 s by a call without a deadline that it was sent', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const patient = alice.open(bob.id, { deadline: 600_000 })
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    network.disconnect(bob.id, 'r1')
    expect(network.run(55_000, () => call.isClosed)).toBe(false)
    expect(network.run(40_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
    expect(patient.isClosed).toBe(false)
    network.connect(bob.id, 'r1')
    for (const served of bob.served.values()) {
      network.act(bob.id, (endpoint, now) => endpoint.end(served.stream, now))
    }
    network.act(alice.id, (endpoint, now) => endpoint.end(patient.stream, now))
    expect(network.run(30_000, () => patient.isClosed)).toBe(true)
    expect(patient.error).toBeUndefined()
  })

  test('may come back within that time: the call completes, run once', () => {
    const { network, alice, bob } = pair()
    const call = alice.open(bob.id)
    network.run(1_000)
    network.disconnect(bob.id, 'r1')
    network.act(alice.id, (endpoint, now) => {
      endpoint.write(call.stream, hello, true, now)
      endpoint.end(call.stream, now)
    })
    network.run(50_000)
    network.connect(bob.id, 'r1')
    expect(network.run(16_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(bob.runs.get(call.header.call)).toBe(1)
  })

  test('says nothing to someone it may not talk to', () => {
    const { network, alice, bob } = pair()
    const stranger = new TestAgent(network, { crypto: nodeCrypto, mayTalk: () => true })
    network.connect(stranger.id, 'r1')
    const shy = new TestAgent(network, { crypto: nodeCrypto, mayTalk: (id) => id !== stranger.id })
    network.connect(shy.id, 'r1')
    const call = stranger.call(shy.id, 'echo', hello)
    expect(network.run(60_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('unreachable')
    expect(network.sent.filter(({ from }) => from === shy.id)).toEqual([])
    expect(alice.id).not.toBe(bob.id)
  })
})

describe('without a link of our own', () => {
  test('a new call waits for 10 s, then is unreachable', () => {
    const { network, alice, bob } = pair()
    network.disconnect(alice.id, 'r1')
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(9_900, () => call.isClosed)).toBe(false)
    expect(network.run(200, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('unreachable')
  })

  test('a new call goes out as soon as there is one', () => {
    const { network, alice, bob } = pair()
    network.disconnect(alice.id, 'r1')
    const call = alice.call(bob.id, 'echo', hello)
    network.run(9_000)
    network.connect(alice.id, 'r1')
    expect(network.run(200, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
  })
})
