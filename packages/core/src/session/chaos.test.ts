import { describe, expect, test } from 'vitest'
import type { AgentId } from '../identity/agent-id.js'
import { nodeCrypto } from '../node/crypto.js'
import { Budget } from './budget.js'
import { type CallRecord, TestAgent } from './testing/agent.js'
import { Network } from './testing/network.js'
import { seeded } from './testing/random.js'
import { watchfulCrypto } from './testing/watchful-crypto.js'

// Any order of inputs keeps the invariants: packets and notices are lost, late, repeated and
// reordered, links come and go, calls are canceled, readers pause. Afterwards every call ends as it
// should, none ran twice, no key sealed twice with one nonce (T), and everything was given back.

interface Chaos {
  readonly loss: number
  readonly delay: number
  readonly repeat: number
  readonly relays: readonly string[]
}

function run(seed: number, chaos: Chaos): void {
  const random = seeded(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const network = new Network()
  const crypto = watchfulCrypto(nodeCrypto)
  const agents = [1, 2, 3].map(() => {
    const limits = { windowPackets: 64, maxStreams: 8 }
    return new TestAgent(network, { crypto, budget: new Budget(), limits })
  })
  for (const agent of agents) for (const relay of chaos.relays) network.connect(agent.id, relay)
  network.fate = ({ from, to, packet, relay }) => {
    if (random() < chaos.loss) return 'drop'
    if (packet !== undefined && random() < chaos.repeat) later(network, from, to, packet, relay)
    return random() < chaos.delay ? { delayMs: Math.floor(random() * 400) } : 'deliver'
  }
  const stale: [AgentId, AgentId, Uint8Array, string][] = []
  function later(_: Network, ...parcel: [AgentId, AgentId, Uint8Array, string]): void {
    stale.push(parcel)
  }
  const down = new Set<string>()
  const calls: CallRecord[] = []
  const canceled = new Set<CallRecord>()
  const steps: (() => void)[] = [
    () => {
      const size = random() < 0.3 ? Math.floor(random() * 200_000) : Math.floor(random() * 300)
      const [from, to] = [pick(agents), pick(agents)]
      calls.push(from.call(to.id, 'echo', new Uint8Array(size), new Uint8Array(3)))
    },
    () => {
      const call = calls.at(-1)
      const owner = agents.find((agent) => call && agent.calls.get(call.stream) === call)
      if (call === undefined || owner === undefined || random() < 0.7) return
      canceled.add(call)
      network.act(owner.id, (endpoint, now) => endpoint.cancel(call.stream, now))
    },
    () => {
      const [agent, relay] = [pick(agents), pick(chaos.relays)]
      const name = `${agent.id} ${relay}`
      if (down.delete(name)) network.connect(agent.id, relay)
      else if (chaos.relays.length > 1 && ![...down].some((other) => other.startsWith(agent.id))) {
        down.add(name)
        network.disconnect(agent.id, relay)
      }
    },
    () => {
      const parcel = stale.pop()
      if (parcel !== undefined) network.inject(...parcel)
    },
    () => {
      const reason = pick(['congested', 'offline', 'unreachable', 'too-large'] as const)
      const [agent, other, relay] = [pick(agents), pick(agents), pick(chaos.relays)]
      if (calls.some((call) => !call.isClosed && call.peer === other.id && !call.isAnswered)) return
      network.notify(agent.id, { to: other.id, reason, count: 1, retryAfterMs: 100 }, relay)
    },
    () => {
      const agent = pick(agents)
      agent.isReading = !agent.isReading
      if (agent.isReading) readAll(agent)
    },
  ]
  for (let i = 0; i < 60; i++) {
    pick(steps)()
    network.run(Math.floor(random() * 300))
  }
  for (const agent of agents) {
    agent.isReading = true
    readAll(agent)
    for (const relay of chaos.relays) {
      if (down.has(`${agent.id} ${relay}`)) network.connect(agent.id, relay)
    }
  }
  network.fate = () => 'deliver'
  const isDone = () => calls.every((call) => call.isClosed)
  if (!network.run(200_000, isDone)) throw new Error(`seed ${seed}: a call stays open`)
  network.run(120_000)
  for (const call of calls) {
    if (canceled.has(call)) continue
    // Notices may say that nobody is there; a call that was never sent believes them.
    expect(['offline', 'unreachable', undefined], `seed ${seed}`).toContain(call.error)
    if (call.error !== undefined) continue
    const sizes = call.messages.map(({ length }) => length)
    expect(sizes.length, `seed ${seed}`).toBe(2)
    expect(sizes[1], `seed ${seed}`).toBe(3)
  }
  for (const agent of agents) {
    for (const count of agent.runs.values()) expect(count, `seed ${seed}`).toBe(1)
    const stats = agent.endpoint.stats()
    const { streams, unacknowledgedBytes, bufferedBytes, halfOpen } = stats
    expect({ streams, unacknowledgedBytes, bufferedBytes, halfOpen }, `seed ${seed}`).toEqual({
      streams: 0,
      unacknowledgedBytes: 0,
      bufferedBytes: 0,
      halfOpen: 0,
    })
    expect(agent.budgetUsed, `seed ${seed}`).toBe(0)
  }
  const before = network.sent.length
  network.run(86_400_000)
  expect(network.sent.length - before, `seed ${seed}: idle sessions talk`).toBe(0)
}

function readAll(agent: TestAgent): void {
  network(agent, () => {
    for (const call of [...agent.calls.values(), ...agent.served.values()]) {
      agent.read(call)
      if (agent.served.has(call.stream) && !call.isClosed) agent.handler(agent, call)
    }
  })
}

function network(agent: TestAgent, act: () => void): void {
  agent.network.act(agent.id, act)
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1)

describe('whatever happens on the way', () => {
  test('one relay that loses, delays and repeats', () => {
    const chaos = { loss: 0.1, delay: 0.2, repeat: 0.2, relays: ['r1'] }
    for (const seed of seeds) run(seed, chaos)
  })

  test('two relays, and links that come and go', () => {
    const chaos = { loss: 0.05, delay: 0.2, repeat: 0.2, relays: ['r1', 'r2'] }
    for (const seed of seeds) run(1_000 + seed, chaos)
  })

  test('a relay that loses half of everything', () => {
    const chaos = { loss: 0.5, delay: 0.1, repeat: 0.3, relays: ['r1'] }
    for (const seed of seeds.slice(0, 15)) run(2_000 + seed, chaos)
  })
})
