import { type AgentId, agentIdBytes, createKeypair, encodeFrame, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { createAccount } from './account.js'
import { Budget } from './budget.js'
import { defaultLimits } from './limits.js'
import { type GateVersion, Reach } from './reach.js'
import { type Route, Router } from './router.js'
import { routingKeyIn, routingKeyOf } from './routing-key.js'
import { SendQueue } from './send-queue.js'
import { FakeTick, FakeWire } from './testing/fakes.js'
import { MemoryGate } from './testing/memory-gate.js'

const limits = { ...defaultLimits, queueBytes: 1_000, frameOverheadBytes: 0 }

function setUp() {
  const gate = new MemoryGate()
  const version: GateVersion = { current: 0 }
  gate.onChange(() => {
    version.current += 1
  })
  const router = new Router()
  const tick = new FakeTick()
  const budget = new Budget(1_000_000)
  const route = (
    group: string,
    id = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id,
  ) => {
    gate.place(id, group)
    const wire = new FakeWire()
    const bytes = agentIdBytes(id)
    const route: Route = {
      agent: id,
      bytes,
      key: routingKeyOf(bytes),
      account: createAccount(limits, 0),
      reach: new Reach({ gate, agent: id, version, maxEntries: 4 }),
      queue: new SendQueue({ wire, limits, budget, tick }),
    }
    return { route, wire }
  }
  return { gate, router, route }
}

function sendTo(id: AgentId, length = 4): Buffer {
  const packet = new Uint8Array(length).fill(9)
  return Buffer.from(encodeFrame({ kind: 'send', to: agentIdBytes(id), packet }))
}

describe('router', () => {
  it('reads the key out of the routing prefix', () => {
    const { route } = setUp()
    const { agent, key } = route('team').route
    expect(routingKeyIn(sendTo(agent))).toBe(key)
  })

  it('passes on the bytes it was given, rewritten', () => {
    const { router, route } = setUp()
    const [alice, bob] = [route('team'), route('team')]
    router.add(bob.route)
    const frame = sendTo(bob.route.agent)
    expect(router.forward(alice.route, bob.route.key, frame)).toBeUndefined()
    expect(bob.wire.frames[0]).toBe(frame)
    const packet = new Uint8Array(4).fill(9)
    const expected = encodeFrame({ kind: 'packet', from: alice.route.bytes, packet })
    expect(frame.equals(expected)).toBe(true)
  })

  it('leaves a frame as it was when it cannot pass it on', () => {
    const { router, route } = setUp()
    const [alice, bob] = [route('team'), route('team')]
    const frame = sendTo(bob.route.agent)
    const before = Buffer.from(frame)
    expect(router.forward(alice.route, bob.route.key, frame)).toBe('offline')
    expect(frame.equals(before)).toBe(true)
  })

  it('asks who may be reached before who is there', () => {
    const { router, route } = setUp()
    const [alice, eve] = [route('team'), route('others')]
    router.add(eve.route)
    const forward = () => router.forward(alice.route, eve.route.key, sendTo(eve.route.agent))
    expect(forward()).toBe('unreachable')
    router.remove(eve.route)
    expect(forward()).toBe('unreachable')
  })

  it('says congested when the receiver has no room', () => {
    const { router, route } = setUp()
    const [alice, bob] = [route('team'), route('team')]
    router.add(bob.route)
    const forward = () => router.forward(alice.route, bob.route.key, sendTo(bob.route.agent, 300))
    expect([forward(), forward()]).toEqual([undefined, 'congested'])
  })

  it('gives an agent to its newest connection and removes by connection', () => {
    const { router, route } = setUp()
    const older = route('team')
    const newer = route('team', older.route.agent)
    expect(router.add(older.route)).toBeUndefined()
    expect(router.add(newer.route)).toBe(older.route)
    router.remove(older.route)
    expect(router.get(newer.route.key)).toBe(newer.route)
    router.remove(newer.route)
    expect(router.size).toBe(0)
  })
})

describe('reach', () => {
  it('asks the gate once for a peer, and again after any change', () => {
    const { gate, route } = setUp()
    const [alice, bob] = [route('team').route, route('team').route]
    let asked = 0
    const mayReach = gate.mayReach.bind(gate)
    gate.mayReach = (from, to) => {
      asked += 1
      return mayReach(from, to)
    }
    expect([alice.reach.allows(bob.key), alice.reach.allows(bob.key)]).toEqual([true, true])
    expect(asked).toBe(1)
    gate.place(bob.agent, 'others')
    expect(alice.reach.allows(bob.key)).toBe(false)
    expect(asked).toBe(2)
  })

  it('remembers a bounded number of peers', () => {
    const { gate, route } = setUp()
    const { reach } = route('team').route
    const asked = new Map<string, number>()
    gate.mayReach = (_from, to) => {
      asked.set(to, (asked.get(to) ?? 0) + 1)
      return false
    }
    const keys = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(32))
    for (const key of [...keys, ...keys.slice(0, 1)]) reach.allows(key)
    expect([...asked.values()]).toEqual([2, 1, 1, 1, 1])
  })
})
