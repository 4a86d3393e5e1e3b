import { describe, expect, test } from 'vitest'
import { nodeCrypto } from '../node/crypto.js'
import type { CallRecord } from './testing/agent.js'
import { TestAgent } from './testing/agent.js'
import { Network } from './testing/network.js'

// T: drop any one or two packets or notices anywhere, own links up: the call completes in a bounded
// number of timeouts. Exhaustive: every pair of positions of every scenario.

interface World {
  readonly network: Network
  readonly alice: TestAgent
  bob: TestAgent
}

interface Scenario {
  readonly name: string
  /** Loss begins after this. */
  prepare?(world: World): void
  act(world: World): CallRecord[]
}

/** Two losses cost two timeouts in a row at most: 1 s and 2 s, and as much for the answer. */
const boundMs = 10_000

const keypairs = (() => {
  const network = new Network()
  const one = new TestAgent(network, { crypto: nodeCrypto }).keypair
  const two = new TestAgent(network, { crypto: nodeCrypto }).keypair
  return [one, two] as const
})()

function world(): World {
  const network = new Network()
  const alice = new TestAgent(network, { crypto: nodeCrypto, keypair: keypairs[0] })
  const bob = new TestAgent(network, { crypto: nodeCrypto, keypair: keypairs[1] })
  network.connect(alice.id, 'r1')
  network.connect(bob.id, 'r1')
  return { network, alice, bob }
}

function body(length: number): Uint8Array {
  return new Uint8Array(length).fill(7)
}

function warmUp({ network, alice, bob }: World): void {
  const call = alice.call(bob.id, 'echo', body(10))
  if (!network.run(5_000, () => call.isClosed)) throw new Error('no first call')
  network.run(100)
}

const scenarios: Scenario[] = [
  {
    name: 'a first call',
    act: ({ alice, bob }) => [alice.call(bob.id, 'echo', body(100))],
  },
  {
    name: 'a call in a session that just lived',
    prepare: warmUp,
    act: ({ alice, bob }) => [alice.call(bob.id, 'echo', body(100))],
  },
  {
    name: 'a call in a session that was long silent',
    prepare(all) {
      warmUp(all)
      all.network.run(60_000)
    },
    act: ({ alice, bob }) => [alice.call(bob.id, 'echo', body(100))],
  },
  {
    name: 'a call to a peer that restarted',
    prepare(all) {
      warmUp(all)
      all.network.run(1_000)
      all.network.kill(all.bob.id)
      all.bob = new TestAgent(all.network, { crypto: nodeCrypto, keypair: keypairs[1] })
      all.network.connect(all.bob.id, 'r1')
    },
    act: ({ alice, bob }) => [alice.call(bob.id, 'echo', body(100))],
  },
  {
    name: 'both call at once',
    act: ({ alice, bob }) => [
      alice.call(bob.id, 'echo', body(100)),
      bob.call(alice.id, 'echo', body(100)),
    ],
  },
  {
    name: 'a call that needs credit',
    prepare: warmUp,
    act: ({ alice, bob }) => [alice.call(bob.id, 'echo', body(150_000))],
  },
  {
    name: 'a call while the own relay changes',
    prepare(all) {
      warmUp(all)
      all.network.connect(all.alice.id, 'r2')
      all.network.connect(all.bob.id, 'r2')
    },
    act({ network, alice, bob }) {
      const call = alice.call(bob.id, 'echo', body(40_000))
      network.run(15)
      network.disconnect(alice.id, 'r1')
      return [call]
    },
  },
  {
    name: 'a call while the peer moves to another relay',
    prepare(all) {
      warmUp(all)
      all.network.connect(all.alice.id, 'r2')
      all.network.connect(all.bob.id, 'r2')
    },
    act({ network, alice, bob }) {
      const call = alice.call(bob.id, 'echo', body(40_000))
      network.run(15)
      network.disconnect(bob.id, 'r1')
      return [call]
    },
  },
]

function attempt(scenario: Scenario, lost: readonly number[]): number {
  const all = world()
  scenario.prepare?.(all)
  const { network, alice, bob } = all
  const start = network.sent.length
  network.fate = ({ position }) => (lost.includes(position - start) ? 'drop' : 'deliver')
  const calls = scenario.act(all)
  const isDone = () =>
    calls.every((call) => call.isClosed) &&
    [alice, bob].every((agent) => [...agent.served.values()].every((served) => served.isClosed))
  if (!network.run(boundMs, isDone)) {
    throw new Error(`${scenario.name}: losing ${lost.join()} leaves the call open`)
  }
  for (const call of calls) {
    if (call.error !== undefined) {
      throw new Error(`${scenario.name}: losing ${lost.join()} ends in ${call.error}`)
    }
  }
  for (const count of [...alice.runs.values(), ...bob.runs.values()]) {
    if (count !== 1)
      throw new Error(`${scenario.name}: losing ${lost.join()} runs a call ${count} times`)
  }
  return network.sent.length - start
}

describe('T: losing any one or two packets or notices', { timeout: 120_000 }, () => {
  for (const scenario of scenarios) {
    test(`${scenario.name}: completes in a bounded number of timeouts, and runs once`, () => {
      const parcels = attempt(scenario, [])
      expect(parcels).toBeGreaterThan(1)
      for (let first = 0; first < parcels; first++) {
        const afterOne = attempt(scenario, [first])
        // A loss makes others: the second may be among the packets that make up for the first.
        for (let second = first + 1; second < afterOne; second++) attempt(scenario, [first, second])
      }
    })
  }
})
