import { describe, expect, test } from 'vitest'
import { nodeCrypto } from '../node/crypto.js'
import { decodePacketHeader } from './packet.js'
import { TestAgent } from './testing/agent.js'
import { Network, type Parcel } from './testing/network.js'

const windowPackets = 24

function warmPair() {
  const network = new Network()
  const limits = { windowPackets }
  const alice = new TestAgent(network, { crypto: nodeCrypto, limits })
  const bob = new TestAgent(network, { crypto: nodeCrypto, limits })
  network.connect(alice.id, 'r1')
  network.connect(bob.id, 'r1')
  const first = alice.call(bob.id, 'echo', new Uint8Array(10))
  network.run(1_000, () => first.isClosed)
  network.run(100)
  return { network, alice, bob }
}

function spaceOf({ packet }: Parcel): 'data' | 'control' | undefined {
  const header = packet && decodePacketHeader(packet)
  return header?.kind === 'sealed' ? header.space : undefined
}

describe('T: losing the first K packets of a window', () => {
  for (const lostControl of [0, 1, 3, windowPackets]) {
    test(`completes for every K, with the first ${lostControl} control packets lost as well`, () => {
      for (let lost = 0; lost <= windowPackets; lost++) {
        const { network, alice, bob } = warmPair()
        const left = { data: lost, control: lostControl }
        network.fate = (parcel) => {
          const space = spaceOf(parcel)
          if (space === undefined || left[space] === 0) return 'deliver'
          left[space]--
          return 'drop'
        }
        // Many small messages, each in a packet of its own, more than the window takes.
        const call = alice.open(bob.id)
        for (let i = 0; i < 2 * windowPackets; i++) {
          network.act(alice.id, (endpoint, now) => {
            endpoint.write(call.stream, new Uint8Array(100), true, now)
          })
        }
        network.act(alice.id, (endpoint, now) => endpoint.end(call.stream, now))
        expect(
          network.run(60_000, () => call.isClosed),
          `K = ${lost}`,
        ).toBe(true)
        expect(call.error).toBeUndefined()
        expect(call.messages).toHaveLength(2 * windowPackets)
        expect(bob.runs.get(call.header.call)).toBe(1)
      }
    })
  }

  test('the sender never passes the window, and the receiver takes nothing beyond it', () => {
    const { network, alice, bob } = warmPair()
    network.fate = ({ from }) => (from === bob.id ? 'drop' : 'deliver')
    const before = network.sent.length
    const call = alice.open(bob.id)
    for (let i = 0; i < 10 * windowPackets; i++) {
      network.act(alice.id, (endpoint, now) => {
        endpoint.write(call.stream, new Uint8Array(10), true, now)
      })
    }
    network.run(50)
    const numbers = network.sent
      .slice(before)
      .filter((parcel) => parcel.from === alice.id && spaceOf(parcel) === 'data')
      .map(({ packet }) => decodePacketHeader(packet as Uint8Array)?.number ?? 0)
    expect(new Set(numbers).size).toBe(windowPackets)
  })
})

describe('T: a relay stopped for 30 s', () => {
  test('delivers its stale packets after failover, and nothing runs twice', () => {
    const { network, alice, bob } = warmPair()
    network.connect(alice.id, 'r2')
    network.connect(bob.id, 'r2')
    const calls = Array.from({ length: 5 }, () =>
      alice.call(bob.id, 'echo', new Uint8Array(30_000)),
    )
    const others = Array.from({ length: 5 }, () =>
      bob.call(alice.id, 'echo', new Uint8Array(3_000)),
    )
    const all = [...calls, ...others]
    network.run(25)
    network.stop('r1')
    // Both notice at some time; until then the sessions find their own way.
    network.run(2_500)
    network.disconnect(alice.id, 'r1')
    network.run(500)
    network.disconnect(bob.id, 'r1')
    expect(network.run(15_000, () => all.every((call) => call.isClosed))).toBe(true)
    network.connect(alice.id, 'r1')
    network.connect(bob.id, 'r1')
    network.run(12_000)
    network.resume('r1')
    network.run(60_000)
    expect(all.map(({ error }) => error)).toEqual(all.map(() => undefined))
    for (const agent of [alice, bob]) {
      expect([...agent.runs.values()].every((count) => count === 1)).toBe(true)
      expect(agent.endpoint.stats().streams).toBe(0)
    }
  })

  test.each(['initiator', 'responder'])(
    'is left for another live one, without anybody saying so, by the %s',
    (role) => {
      const { network, alice, bob } = warmPair()
      network.connect(alice.id, 'r2')
      network.connect(bob.id, 'r2')
      const [from, to] = role === 'initiator' ? [alice, bob] : [bob, alice]
      const warm = from.call(to.id, 'echo', new Uint8Array(10))
      network.run(1_000, () => warm.isClosed)
      const relay = network.sent.at(-1)?.relay ?? 'r1'
      const call = from.call(to.id, 'echo', new Uint8Array(50_000))
      network.run(5)
      network.stop(relay)
      expect(network.run(6_000, () => call.isClosed)).toBe(true)
      expect(call.error).toBeUndefined()
    },
  )
})

describe('T: all streams but one stalled', () => {
  test('the last still finishes, with windows full in both directions and links that change', () => {
    const { network, alice, bob } = warmPair()
    const sides = [
      [alice, bob],
      [bob, alice],
    ] as const
    // Every reader stands still; what arrives stays unread until the windows are full.
    const stalled = sides.flatMap(([from, to]) => {
      from.isReading = false
      return Array.from({ length: 20 }, () => {
        const call = from.open(to.id, { capability: 'stall' })
        network.act(from.id, (endpoint, now) => {
          endpoint.write(call.stream, new Uint8Array(200_000), true, now)
        })
        return { from, call }
      })
    })
    for (const agent of [alice, bob]) {
      agent.handler = (self, call) => {
        if (call.header.capability === 'last') {
          self.read(call)
          if (!call.isEnded || call.isAnswered) return
          call.isAnswered = true
          for (const message of call.messages) {
            self.endpoint.write(call.stream, message, true, self.now)
          }
          self.endpoint.end(call.stream, self.now)
          return
        }
        if (call.isAnswered) return
        call.isAnswered = true
        self.endpoint.write(call.stream, new Uint8Array(200_000), true, self.now)
      }
    }
    network.run(5_000)
    const lasts = sides.map(([from, to]) => ({
      from,
      call: from.call(to.id, 'last', new Uint8Array(300_000)),
    }))
    network.connect(alice.id, 'r2')
    network.connect(bob.id, 'r2')
    for (let i = 0; i < 300 && !lasts.every(({ call }) => call.isClosed); i++) {
      for (const { from, call } of lasts) network.act(from.id, () => from.read(call))
      network.run(100)
      if (i === 3) network.disconnect(alice.id, 'r1')
      if (i === 6) network.disconnect(bob.id, 'r1')
      if (i === 9) network.connect(alice.id, 'r1')
      if (i === 10) network.connect(bob.id, 'r1')
      if (i === 12) network.disconnect(alice.id, 'r2')
    }
    for (const { call } of lasts) {
      expect(call.isClosed).toBe(true)
      expect(call.error).toBeUndefined()
      expect(call.messages[0]).toHaveLength(300_000)
    }
    // No state with both ends waiting: as soon as the readers go on, everything flows.
    for (const { from, call } of stalled) {
      network.act(from.id, (endpoint, now) => endpoint.end(call.stream, now))
    }
    for (const agent of [alice, bob]) {
      agent.isReading = true
      agent.handler = (self, call) => {
        if (call.isEnded) self.endpoint.end(call.stream, self.now)
      }
      network.act(agent.id, () => {
        for (const call of [...agent.calls.values(), ...agent.served.values()]) agent.read(call)
      })
    }
    expect(network.run(120_000, () => stalled.every(({ call }) => call.isClosed))).toBe(true)
  })
})
