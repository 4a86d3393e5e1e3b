import { describe, expect, test } from 'vitest'
import { toBase64url, utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { encodePacketHeader } from './packet.js'
import { type AgentOptions, echo, TestAgent } from './testing/agent.js'
import { pair as pairOf } from './testing/fixtures.js'

const hello = utf8('hello')

function pair(options: Partial<AgentOptions> = {}) {
  return pairOf({ crypto: nodeCrypto, ...options })
}

/** A handler that never answers. */
const ponder = () => {}

/** The same agent in a new process. */
function restart(agent: TestAgent): TestAgent {
  const { network, keypair } = agent
  network.kill(agent.id)
  const next = new TestAgent(network, { crypto: nodeCrypto, keypair })
  network.connect(next.id, 'r1')
  return next
}

describe('a restarted peer', () => {
  test('is noticed at once: the next call runs there, after a new handshake', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(2_000, () => first.isClosed)
    network.run(1_000)
    const bob2 = restart(bob)
    const started = network.now
    const second = alice.call(bob.id, 'echo', hello)
    expect(network.run(5_000, () => second.isClosed)).toBe(true)
    expect(second.error).toBeUndefined()
    expect(network.now - started).toBeLessThan(150)
    expect(bob2.runs.get(second.header.call)).toBe(1)
    expect(alice.events).toContainEqual(
      expect.objectContaining({ kind: 'session', restarted: true, incarnation: bob2.incarnation }),
    )
  })

  test('interrupts the calls that its predecessor was running', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect(bob.runs.size).toBe(1)
    const bob2 = restart(bob)
    expect(network.run(10_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('interrupted')
    network.run(60_000)
    expect(bob2.runs.size).toBe(0)
  })

  test('cancels what it had called before', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    const alice2 = restart(alice)
    const call = alice2.call(bob.id, 'other', hello)
    network.run(1_000)
    const [first, second] = [...bob.served.values()]
    expect(first?.isCanceled).toBe(true)
    expect(first?.isClosed).toBe(true)
    expect(second?.header.call).toBe(call.header.call)
    expect(second?.isClosed).toBe(false)
  })

  test('is noticed even if it never speaks, while a call runs there', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(100)
    restart(bob)
    expect(network.run(6_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('interrupted')
  })

  test('refuses a call that another incarnation was sent', () => {
    const { network, alice, bob } = pair()
    const call = alice.open(bob.id, { incarnation: toBase64url(nodeCrypto.randomBytes(16)) })
    expect(network.run(5_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('interrupted')
    expect(bob.runs.size).toBe(0)
  })
})

describe('a session that the peer forgot, in the same process', () => {
  /** Bob evicts the session that nobody uses while the goodbye is lost. */
  function forgotten() {
    const { network, alice, bob } = pair({ limits: { maxSessions: 1 } })
    const first = alice.call(bob.id, 'echo', hello)
    network.run(2_000, () => first.isClosed)
    network.run(300)
    network.fate = () => 'drop'
    const carol = new TestAgent(network, { crypto: nodeCrypto })
    network.connect(carol.id, 'r1')
    network.fate = ({ from, to }) => (from === bob.id && to === alice.id ? 'drop' : 'deliver')
    const other = carol.call(bob.id, 'echo', hello)
    network.run(100, () => other.isClosed)
    network.run(40)
    network.fate = () => 'deliver'
    return { network, alice, bob, carol, other }
  }

  test('lets unanswered calls move: they run once, under the same id', () => {
    const { network, alice, bob, other } = forgotten()
    expect(other.isClosed).toBe(true)
    // Within the time that a session counts as fresh, so the call is sealed in the lost session.
    const call = alice.call(bob.id, 'echo', hello, utf8('world'))
    const before = network.now
    expect(network.run(10_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(call.messages).toEqual([hello, utf8('world')])
    expect(bob.runs.get(call.header.call)).toBe(1)
    expect(network.now - before).toBeLessThan(200)
  })

  test('lets the first call move too, which was in message 3', () => {
    const { network, alice, bob } = pair()
    // Bob forgets the half-open handshake before message 3 ever comes.
    network.fate = ({ packet }) => (packet?.[0] === 3 || packet?.[0] === 4 ? 'drop' : 'deliver')
    const call = alice.call(bob.id, 'echo', hello)
    network.run(12_000)
    network.fate = () => 'deliver'
    expect(network.run(20_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(call.messages).toEqual([hello])
    expect(bob.runs.get(call.header.call)).toBe(1)
  })

  test('is not given up for a forged hint: calls go on in it', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    const sealed = network.sent.filter(({ from, packet }) => from === alice.id && packet?.[0] === 4)
    const packet = sealed[0]?.packet as Uint8Array
    const index = new DataView(packet.buffer, packet.byteOffset).getUint32(4)
    const hint = encodePacketHeader({ kind: 'noSession', index, number: 0, space: 'data' })
    const before = network.sent.length
    for (let i = 0; i < 50; i++) network.inject(bob.id, alice.id, hint, 'r1')
    network.run(500)
    // One handshake beside, one question, one answer.
    expect(network.sent.length - before).toBeLessThan(12)
    expect(bob.runs.get(call.header.call)).toBe(1)
    expect(call.isClosed).toBe(false)
    bob.handler = echo
    for (const served of bob.served.values()) network.act(bob.id, () => echo(bob, served))
    expect(network.run(3_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(bob.runs.get(call.header.call)).toBe(1)
  })
})

describe('simultaneous open', () => {
  test('ends in one session that carries both calls', () => {
    const { network, alice, bob } = pair()
    const one = alice.call(bob.id, 'echo', hello)
    const two = bob.call(alice.id, 'echo', hello)
    expect(network.run(1_000, () => one.isClosed && two.isClosed)).toBe(true)
    expect([one.error, two.error]).toEqual([undefined, undefined])
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(bob.endpoint.stats().sessions).toBe(1)
    network.run(60_000)
    expect(alice.endpoint.stats().halfOpen).toBe(0)
  })

  test('the smaller id answers after 1 s if its own handshake never arrives', () => {
    const { network, alice, bob } = pair()
    network.fate = ({ from, packet }) =>
      from === alice.id && packet?.[0] === 1 ? 'drop' : 'deliver'
    const one = alice.call(bob.id, 'echo', hello)
    const two = bob.call(alice.id, 'echo', hello)
    expect(network.run(1_500, () => one.isClosed && two.isClosed)).toBe(true)
    expect([one.error, two.error]).toEqual([undefined, undefined])
  })
})
