import { describe, expect, test } from 'vitest'
import { equal, fromUtf8, utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { TestAgent } from './testing/agent.js'
import { Network } from './testing/network.js'

function pair() {
  const network = new Network()
  const alice = new TestAgent(network, { crypto: nodeCrypto })
  const bob = new TestAgent(network, { crypto: nodeCrypto })
  network.connect(alice.id, 'r1')
  network.connect(bob.id, 'r1')
  return { network, alice, bob }
}

describe('an endpoint', () => {
  test('carries a call and its answer, the first within three packets each way', () => {
    const { network, alice, bob } = pair()
    const call = alice.call(bob.id, 'echo', utf8('hello'))
    expect(network.run(1_000, () => call.isClosed)).toBe(true)
    expect(call.messages.map((message) => fromUtf8(message))).toEqual(['hello'])
    expect(call.error).toBeUndefined()
    network.run(1_000)
    expect([...bob.served.values()].every((served) => served.isClosed && served.isFinished)).toBe(
      true,
    )
    expect(alice.endpoint.stats().streams).toBe(0)
    expect(bob.endpoint.stats().unacknowledgedBytes).toBe(0)
  })

  test('streams large bodies both ways', () => {
    const { network, alice, bob } = pair()
    const body = new Uint8Array(3_000_000).map((_, i) => i % 251)
    const call = alice.call(bob.id, 'echo', body)
    expect(network.run(60_000, () => call.isClosed)).toBe(true)
    expect(call.messages).toHaveLength(1)
    expect(equal(call.messages[0] ?? new Uint8Array(0), body)).toBe(true)
  })
})
