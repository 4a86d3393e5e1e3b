import { type AgentId, agentIdFromBytes } from '@agent-mesh/core'
import type { Gate, GateChange, GateVerdict } from '../gate.js'

/** A gate in a known state, and the way to change it. */
export interface GateFixture {
  gate: Gate
  /** Admitted, and in one group. */
  alice: GateFixtureAgent
  bob: GateFixtureAgent
  /** In another group; or known to nobody, where there is only one. */
  eve: GateFixtureAgent
  /** Left out by gates that cannot hear of it. */
  revoke?(agent: AgentId): void | Promise<void>
  /** Takes the agent out of its group. Left out by gates that cannot hear of it. */
  expel?(agent: AgentId): void | Promise<void>
}

export interface GateFixtureAgent {
  id: AgentId
  /** What it shows at login. */
  admission: Uint8Array
}

/** The few words of a test runner that the suite speaks, so that it is bound to none. */
export interface SuiteRunner {
  it(name: string, run: () => Promise<void>): void
  expect(actual: unknown): { toEqual(expected: unknown): void }
}

/** What every gate does. Its owner runs this; the in-memory twin and the real one stay alike. */
export function gateSuite(
  create: () => GateFixture | Promise<GateFixture>,
  run: SuiteRunner,
): void {
  const { it, expect } = run

  it('admits a known agent until a time in the future', async () => {
    const { gate, alice } = await create()
    const nowWall = Date.now()
    const verdict = gate.admit({ agent: alice.id, admission: alice.admission, nowWall })
    expect(verdict.ok && verdict.groups.size > 0 && verdict.notAfter > nowWall).toEqual(true)
  })

  it('refuses an agent that nobody knows', async () => {
    const { gate, alice } = await create()
    expect(refusal(gate.admit(loginOf(stranger, alice.admission)))).toEqual('login-refused')
  })

  it('lets agents of one group reach each other and themselves', async () => {
    const { gate, alice, bob, eve } = await create()
    admitAll(gate, [alice, bob, eve])
    expect(gate.mayReach(alice.id, bob.id)).toEqual(true)
    expect(gate.mayReach(bob.id, alice.id)).toEqual(true)
    expect(gate.mayReach(alice.id, alice.id)).toEqual(true)
  })

  it('answers foreign, unknown and impossible ids alike', async () => {
    const { gate, alice, bob, eve } = await create()
    admitAll(gate, [alice, bob, eve])
    expect(gate.mayReach(alice.id, eve.id)).toEqual(false)
    expect(gate.mayReach(eve.id, alice.id)).toEqual(false)
    expect(gate.mayReach(alice.id, stranger)).toEqual(false)
    expect(gate.mayReach(alice.id, '_'.repeat(43) as AgentId)).toEqual(false)
    expect(gate.mayReach(stranger, alice.id)).toEqual(false)
  })

  it('shuts a revoked agent out, both ways and at once, and says so', async () => {
    const { gate, alice, bob, revoke } = await create()
    if (!revoke) return
    admitAll(gate, [alice, bob])
    const changes: GateChange[] = []
    gate.onChange((change) => changes.push(change))
    await revoke(bob.id)
    expect(changes.some((c) => c.kind === 'revoked' && c.agent === bob.id)).toEqual(true)
    expect(gate.mayReach(alice.id, bob.id)).toEqual(false)
    expect(gate.mayReach(bob.id, alice.id)).toEqual(false)
    expect(refusal(gate.admit(loginOf(bob.id, bob.admission)))).toEqual('revoked')
  })

  it('separates agents that no longer share a group, and says so', async () => {
    const { gate, alice, bob, expel } = await create()
    if (!expel) return
    admitAll(gate, [alice, bob])
    const changes: GateChange[] = []
    gate.onChange((change) => changes.push(change))
    await expel(bob.id)
    expect(changes.some((c) => c.kind === 'groups' && c.agent === bob.id)).toEqual(true)
    expect(gate.mayReach(alice.id, bob.id)).toEqual(false)
  })

  it('stops telling whoever unsubscribed', async () => {
    const { gate, bob, revoke } = await create()
    if (!revoke) return
    let told = 0
    const unsubscribe = gate.onChange(() => {
      told += 1
    })
    unsubscribe()
    await revoke(bob.id)
    expect(told).toEqual(0)
  })
}

/** The base point of Ed25519: a valid key that is nobody's. */
const stranger = agentIdFromBytes(Uint8Array.from([0x58, ...Array<number>(31).fill(0x66)]))

function loginOf(agent: AgentId, admission: Uint8Array) {
  return { agent, admission, nowWall: Date.now() }
}

function admitAll(gate: Gate, agents: readonly GateFixtureAgent[]): void {
  for (const agent of agents) gate.admit(loginOf(agent.id, agent.admission))
}

function refusal(verdict: GateVerdict): string {
  return verdict.ok ? 'admitted' : verdict.code
}
