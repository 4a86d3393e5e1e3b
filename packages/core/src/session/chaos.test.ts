import { describe, expect, test } from 'vitest'
import type { Crypto } from '../crypto.js'
import type { AgentId } from '../identity/agent-id.js'
import { nodeCrypto } from '../node/crypto.js'
import { seededCrypto } from '../testing/seeded-crypto.js'
import { Budget } from './budget.js'
import type { SessionLimits } from './limits.js'
import { type CallRecord, TestAgent } from './testing/agent.js'
import { Network } from './testing/network.js'
import { seeded } from './testing/random.js'
import { watchfulCrypto } from './testing/watchful-crypto.js'

// Any order of inputs keeps the invariants: packets and notices are lost, late, repeated and
// reordered, links come and go, calls are canceled, readers pause, processes restart. Afterwards
// every call ends as it should, none ran twice, no key sealed twice with one nonce (T), and
// everything was given back.

interface Chaos {
  readonly loss: number
  readonly delay: number
  readonly repeat: number
  readonly relays: readonly string[]
  readonly restarts?: boolean
  readonly limits?: Partial<SessionLimits>
  readonly budgetBytes?: number
  /** How else than well a call may end. */
  readonly errors: readonly string[]
}

const hints = ['offline', 'unreachable']

class Run {
  readonly network = new Network()
  readonly crypto: Crypto
  readonly chaos: Chaos
  readonly random: () => number
  /** Every process there ever was; those that live. */
  readonly processes: TestAgent[] = []
  alive: TestAgent[] = []
  readonly calls: { call: CallRecord; owner: TestAgent }[] = []
  readonly canceled = new Set<CallRecord>()
  readonly down = new Set<string>()
  readonly repeated: [AgentId, AgentId, Uint8Array, string][] = []

  constructor(seed: number, chaos: Chaos) {
    this.chaos = chaos
    this.random = seeded(seed)
    this.crypto = watchfulCrypto(seededCrypto(seed, nodeCrypto))
    for (let i = 0; i < 3; i++) this.alive.push(this.start())
    this.network.fate = ({ from, to, packet, relay }) => {
      if (this.random() < chaos.loss) return 'drop'
      if (packet !== undefined && this.random() < chaos.repeat) {
        this.repeated.push([from, to, packet, relay])
      }
      return this.random() < chaos.delay ? { delayMs: Math.floor(this.random() * 400) } : 'deliver'
    }
  }

  start(keypair?: TestAgent['keypair']): TestAgent {
    const { relays, limits, budgetBytes } = this.chaos
    const agent = new TestAgent(this.network, {
      crypto: this.crypto,
      budget: new Budget(budgetBytes),
      limits: { windowPackets: 64, maxStreams: 8, ...limits },
      ...(keypair && { keypair }),
    })
    this.processes.push(agent)
    for (const relay of relays) this.network.connect(agent.id, relay)
    return agent
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T
  }

  step(): void {
    const steps = [this.#call, this.#call, this.#cancel, this.#flip, this.#repeat]
    const more = [this.#lie, this.#pause, ...(this.chaos.restarts ? [this.#restart] : [])]
    this.pick([...steps, ...more]).call(this)
  }

  /** All is well again from here on. */
  calm(): void {
    for (const agent of this.alive) {
      agent.isReading = true
      this.readAll(agent)
      for (const relay of this.chaos.relays) {
        if (this.down.has(`${agent.id} ${relay}`)) this.network.connect(agent.id, relay)
      }
    }
    this.network.fate = () => 'deliver'
  }

  readAll(agent: TestAgent): void {
    this.network.act(agent.id, () => {
      for (const call of [...agent.calls.values(), ...agent.served.values()]) {
        agent.read(call)
        if (agent.served.has(call.stream) && !call.isClosed) agent.handler(agent, call)
      }
    })
  }

  /** Calls whose caller still lives. */
  get open(): CallRecord[] {
    return this.calls
      .filter(({ call, owner }) => !call.isClosed && this.alive.includes(owner))
      .map(({ call }) => call)
  }

  #call(): void {
    const size = this.random() < 0.3 ? this.random() * 200_000 : this.random() * 300
    const [owner, to] = [this.pick(this.alive), this.pick(this.alive)]
    const call = owner.call(to.id, 'echo', new Uint8Array(size), new Uint8Array(3))
    this.calls.push({ call, owner })
  }

  #cancel(): void {
    const { call, owner } = this.calls.at(-1) ?? {}
    if (call === undefined || owner === undefined || !this.alive.includes(owner)) return
    this.canceled.add(call)
    this.network.act(owner.id, (endpoint, now) => endpoint.cancel(call.stream, now))
  }

  #flip(): void {
    const [agent, relay] = [this.pick(this.alive), this.pick(this.chaos.relays)]
    const name = `${agent.id} ${relay}`
    if (this.down.delete(name)) this.network.connect(agent.id, relay)
    else if (this.chaos.relays.length > 1) {
      if ([...this.down].some((other) => other.startsWith(agent.id))) return
      this.down.add(name)
      this.network.disconnect(agent.id, relay)
    }
  }

  #repeat(): void {
    const parcel = this.repeated.pop()
    if (parcel !== undefined) this.network.inject(...parcel)
  }

  #lie(): void {
    const reason = this.pick(['congested', 'offline', 'unreachable', 'too-large'] as const)
    const [agent, other] = [this.pick(this.alive), this.pick(this.alive)]
    const notice = { to: other.id, reason, count: 1, retryAfterMs: 100 }
    this.network.notify(agent.id, notice, this.pick(this.chaos.relays))
  }

  #pause(): void {
    const agent = this.pick(this.alive)
    agent.isReading = !agent.isReading
    if (agent.isReading) this.readAll(agent)
  }

  #restart(): void {
    if (this.random() < 0.5) return
    const old = this.pick(this.alive)
    this.network.kill(old.id)
    for (const relay of this.chaos.relays) this.down.delete(`${old.id} ${relay}`)
    const next = this.start(old.keypair)
    this.alive = this.alive.map((agent) => (agent === old ? next : agent))
  }
}

function run(seed: number, chaos: Chaos): void {
  const world = new Run(seed, chaos)
  const { network } = world
  for (let i = 0; i < 60; i++) {
    world.step()
    network.run(Math.floor(world.random() * 300))
  }
  world.calm()
  if (!network.run(200_000, () => world.open.length === 0)) {
    throw new Error(`seed ${seed}: a call stays open`)
  }
  network.run(120_000)
  for (const { call, owner } of world.calls) {
    if (world.canceled.has(call) || !world.alive.includes(owner)) continue
    expect([undefined, ...chaos.errors], `seed ${seed}`).toContain(call.error)
    if (call.error !== undefined) continue
    expect(call.messages.map(({ length }) => length)[1], `seed ${seed}`).toBe(3)
    expect(call.messages.length, `seed ${seed}`).toBe(2)
  }
  const runs = new Map<string, number>()
  for (const agent of world.processes) {
    for (const [id, count] of agent.runs) runs.set(id, (runs.get(id) ?? 0) + count)
  }
  for (const count of runs.values()) expect(count, `seed ${seed}`).toBe(1)
  for (const agent of world.alive) {
    const { streams, unacknowledgedBytes, bufferedBytes, halfOpen } = agent.endpoint.stats()
    const left = { streams, unacknowledgedBytes, bufferedBytes, halfOpen, used: agent.budgetUsed }
    const nothing = { streams: 0, unacknowledgedBytes: 0, bufferedBytes: 0, halfOpen: 0, used: 0 }
    expect(left, `seed ${seed}`).toEqual(nothing)
  }
  const before = network.sent.length
  network.run(86_400_000)
  expect(network.sent.length - before, `seed ${seed}: idle sessions talk`).toBe(0)
}

function seeds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

describe('T: no key seals twice with one nonce, and no call runs twice, with', {
  timeout: 120_000,
}, () => {
  test('one relay that loses, delays and repeats', () => {
    const chaos = { loss: 0.1, delay: 0.2, repeat: 0.2, relays: ['r1'], errors: hints }
    for (const seed of seeds(1, 30)) run(seed, chaos)
  })

  test('two relays, and links that come and go', () => {
    const chaos = { loss: 0.05, delay: 0.2, repeat: 0.2, relays: ['r1', 'r2'], errors: hints }
    for (const seed of seeds(1_001, 30)) run(seed, chaos)
  })

  test('a relay that loses half of everything', () => {
    const chaos = { loss: 0.5, delay: 0.1, repeat: 0.3, relays: ['r1'], errors: hints }
    for (const seed of seeds(2_001, 10)) run(seed, chaos)
  })

  test('processes that restart', () => {
    const errors = [...hints, 'interrupted']
    const noise = { loss: 0.05, delay: 0.2, repeat: 0.2 }
    const chaos = { ...noise, relays: ['r1', 'r2'], restarts: true, errors }
    for (const seed of seeds(3_001, 30)) run(seed, chaos)
  })

  test('few sessions, little memory, short lives', () => {
    const limits = { maxSessions: 4, maxWarmSessions: 0, sessionUseMs: 3_000, lingerMs: 2_000 }
    const noise = { loss: 0.05, delay: 0.2, repeat: 0.2 }
    const errors = [...hints, 'too-large', 'busy', 'interrupted']
    const chaos = { ...noise, relays: ['r1', 'r2'], limits, budgetBytes: 700_000, errors }
    for (const seed of seeds(4_001, 30)) run(seed, chaos)
  })
})
