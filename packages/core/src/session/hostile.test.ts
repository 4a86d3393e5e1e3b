import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../bytes.js'
import type { AgentId } from '../identity/agent-id.js'
import { createKeypair, SecretKey } from '../identity/keypair.js'
import { nodeCrypto } from '../node/crypto.js'
import { Budget } from './budget.js'
import { Endpoint } from './endpoint.js'
import { Initiator } from './handshaking.js'
import { decodePacketHeader, encodePacketHeader } from './packet.js'
import { type CallRecord, TestAgent } from './testing/agent.js'
import { flips, pair as pairOf, party as partyOf } from './testing/fixtures.js'
import type { Network } from './testing/network.js'

const hello = utf8('hello')
const pair = () => pairOf({ crypto: nodeCrypto })
const party = () => partyOf(nodeCrypto)

describe('a sealed packet', () => {
  test('is refused with any byte flipped, and then taken as it is', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(1_000, () => first.isClosed)
    network.run(100)
    let sealed: Uint8Array | undefined
    network.fate = ({ from, packet }) => {
      if (from !== alice.id || packet?.[0] !== 4 || packet[8] !== 0) return 'deliver'
      sealed ??= packet
      return 'drop'
    }
    const call = alice.call(bob.id, 'echo', hello)
    expect(sealed).toBeDefined()
    const before = bob.events.length
    for (const packet of flips(sealed as Uint8Array)) network.inject(alice.id, bob.id, packet, 'r1')
    expect(bob.events.length).toBe(before)
    network.fate = () => 'deliver'
    expect(network.run(5_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
  })
})

describe('T: a hostile relay', () => {
  /** A pair in the middle of a call that is not answered yet. */
  function midCall() {
    const { network, alice, bob } = pair()
    let isServing = false
    bob.handler = (agent, call) => {
      if (!isServing || !call.isEnded || call.isAnswered) return
      call.isAnswered = true
      agent.endpoint.write(call.stream, hello, true, agent.now)
      agent.endpoint.end(call.stream, agent.now)
    }
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    const serve = () => {
      isServing = true
      network.act(bob.id, () => {
        for (const served of bob.served.values()) bob.handler(bob, served)
      })
    }
    return { network, alice, bob, call, serve }
  }

  /** The call ends as if nothing had been; nothing ran twice. */
  function expectUnharmed(all: ReturnType<typeof midCall>): void {
    all.serve()
    expect(all.network.run(20_000, () => all.call.isClosed)).toBe(true)
    expect(all.call.error).toBeUndefined()
    expect(all.call.messages).toEqual([hello])
    expect([...all.bob.runs.values()]).toEqual([1])
  }

  test('replaying every packet to both, in any order, many times: at most one reply each', () => {
    const all = midCall()
    const { network, alice, bob } = all
    const recorded = network.sent.filter(({ packet }) => packet !== undefined)
    const before = network.sent.length
    let injected = 0
    for (let round = 0; round < 20; round++) {
      const order = round % 2 === 0 ? recorded : [...recorded].reverse()
      for (const { from, to, packet } of order) {
        network.inject(from, to, packet as Uint8Array, 'r1')
        injected++
      }
      network.run(10)
    }
    network.run(900)
    expect(network.sent.length - before).toBeLessThanOrEqual(injected)
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(bob.endpoint.stats().sessions).toBe(1)
    expectUnharmed(all)
  })

  test('sending the packets of one to another, or back: no effect', () => {
    const all = midCall()
    const { network, alice, bob } = all
    for (const { from, to, packet } of [...network.sent]) {
      if (packet === undefined) continue
      network.inject(to, from, packet, 'r1')
      network.inject(from, from, packet, 'r1')
      network.inject(to, to, packet, 'r1')
    }
    network.run(500)
    expect([alice.endpoint.stats().sessions, bob.endpoint.stats().sessions]).toEqual([1, 1])
    expectUnharmed(all)
  })

  test('forging no-session and undeliverable: hints, nothing more', () => {
    const all = midCall()
    const { network, alice, bob } = all
    const indices = network.sent.flatMap(({ packet }) => {
      const header = packet && decodePacketHeader(packet)
      return header === undefined ? [] : [header.index, header.number]
    })
    const before = network.sent.length
    for (let round = 0; round < 30; round++) {
      for (const index of new Set(indices)) {
        if (index === 0 || index > 0xffff_ffff) continue
        const hint = encodePacketHeader({ kind: 'noSession', index, number: round, space: 'data' })
        network.inject(bob.id, alice.id, hint, 'r1')
        network.inject(alice.id, bob.id, hint, 'r1')
      }
      for (const reason of ['offline', 'unreachable', 'congested', 'too-large'] as const) {
        const notice = { reason, count: 1, retryAfterMs: 1_000_000 }
        network.notify(alice.id, { ...notice, to: bob.id }, 'r1')
        network.notify(bob.id, { ...notice, to: alice.id }, 'r1')
      }
      network.run(100)
    }
    // Three seconds of lies: a few handshakes beside, and never an answer to a hint.
    expect(network.sent.length - before).toBeLessThan(60)
    expectUnharmed(all)
  })

  test('injecting garbage of every kind: nothing is thrown, nothing answered, nothing kept', () => {
    const all = midCall()
    const { network, alice, bob } = all
    const indices = [...network.sent].flatMap(({ packet }) => {
      const header = packet && decodePacketHeader(packet)
      return header === undefined ? [] : [header.index]
    })
    const before = network.sent.length
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(
          fc.constantFrom(1, 2, 3, 4, 5),
          fc.constantFrom(...indices, 1, 0),
          fc.uint8Array({ minLength: 8, maxLength: 300 }),
        )
        .map(([kind, index, rest]) => {
          const packet = concat(new Uint8Array(8), rest)
          const view = new DataView(packet.buffer)
          view.setUint8(0, kind)
          view.setUint32(4, index)
          return packet
        }),
    )
    fc.assert(
      fc.property(garbage, fc.boolean(), (packet, toAlice) => {
        if (toAlice) network.inject(bob.id, alice.id, packet, 'r1')
        else network.inject(alice.id, bob.id, packet, 'r1')
      }),
      { numRuns: 2_000, seed: 7 },
    )
    network.run(500)
    expect(network.sent.length - before).toBeLessThan(20)
    expect(bob.endpoint.stats().halfOpen).toBeLessThanOrEqual(4)
    expectUnharmed(all)
  })

  test('beginning handshakes in the name of others: bounded, short-lived, one reply each', () => {
    const { network, bob } = pair()
    const packets: { from: AgentId; packet: Uint8Array }[] = []
    for (let i = 0; i < 40; i++) {
      const alice = party()
      for (let index = 1; index <= 8; index++) {
        const { packet } = new Initiator(alice, bob.id, index)
        packets.push({ from: alice.keypair.id, packet })
      }
    }
    const before = network.sent.length
    for (const { from, packet } of packets) network.inject(from, bob.id, packet, 'r1')
    for (const { from, packet } of packets) network.inject(from, bob.id, packet, 'r1')
    expect(bob.endpoint.stats().halfOpen).toBe(40 * 4)
    const replies = network.sent.slice(before).filter(({ packet }) => packet !== undefined)
    expect(replies.length).toBeLessThanOrEqual(2 * packets.length)
    network.run(11_000)
    expect(bob.endpoint.stats()).toMatchObject({ halfOpen: 0, peers: 0, sessions: 0 })
  })

  test('the handshakes of strangers are bounded in total', () => {
    const budget = new Budget()
    const keypair = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
    const incarnation = nodeCrypto.randomBytes(16)
    const limits = { maxHalfOpen: 10 }
    const options = {
      keypair,
      crypto: nodeCrypto,
      incarnation,
      budget,
      mayTalk: () => true,
      limits,
    }
    const endpoint = new Endpoint(options)
    endpoint.linkUp({ id: 'l', maxPacket: 65_535, cost: 1 }, 0)
    for (let i = 0; i < 30; i++) {
      const stranger = party()
      const { packet } = new Initiator(stranger, keypair.id, 5)
      endpoint.receive(stranger.keypair.id, packet, 'l', i)
      endpoint.drain()
    }
    expect(endpoint.stats().halfOpen).toBe(10)
    expect(endpoint.stats().peers).toBe(10)
  })

  test('asking about unknown sessions: one answer per second and peer, and none to an answer', () => {
    const { network, alice, bob } = pair()
    const unknown = (index: number) =>
      concat(encodePacketHeader({ kind: 'sealed', index, number: 0, space: 'data' }), hello)
    const before = network.sent.length
    for (let i = 1; i <= 3_000; i++) {
      network.inject(alice.id, bob.id, unknown(i), 'r1')
      network.run(1)
    }
    expect(network.sent.length - before).toBeLessThanOrEqual(4)
    network.run(1_000)
    expect(alice.endpoint.stats().sessions).toBe(0)
  })
})

describe('a peer that breaks the protocol inside a session', () => {
  test('loses that session, with a typed reset; others go on', () => {
    const { network, alice, bob } = pair()
    const carol = new TestAgent(network, { crypto: nodeCrypto })
    network.connect(carol.id, 'r1')
    bob.handler = () => {}
    const other = carol.call(bob.id, 'echo', hello)
    const call = hostileCall(network, alice, bob, 99)
    network.run(200)
    expect(call.error).toBe('invalid')
    expect(bob.endpoint.peerState(alice.id).state).toBe('none')
    expect(other.isClosed).toBe(false)
    expect(bob.endpoint.peerState(carol.id).state).toBe('established')
  })
})

/** The second record of Alice begins with a frame type of our choice. Gives her first call. */
function hostileCall(network: Network, alice: TestAgent, bob: TestAgent, type: number): CallRecord {
  let isArmed = false
  const crypto = {
    ...nodeCrypto,
    aead(key: Uint8Array) {
      const aead = nodeCrypto.aead(key)
      return {
        open: aead.open,
        seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array) {
          const record = plaintext.slice()
          if (isArmed && ad[8] === 0) record[0] = type
          return aead.seal(nonce, ad, record)
        },
      }
    },
  }
  network.kill(alice.id)
  const hostile = new TestAgent(network, { crypto, keypair: alice.keypair })
  network.connect(hostile.id, 'r1')
  const call = hostile.call(bob.id, 'echo', hello)
  network.run(300)
  isArmed = true
  hostile.call(bob.id, 'echo', hello)
  isArmed = false
  return call
}
