import {
  type AdmissionStatement,
  type AgentId,
  createKeypair,
  noAdmission,
  SecretKey,
  signAdmission,
  signedToBytes,
} from '@agent-mesh/core'
import { nodeCrypto as crypto } from '@agent-mesh/core/node'
import { FakeClock } from '@agent-mesh/core/testing'
import { describe, expect, it } from 'vitest'
import type { GateChange } from '../gate.js'
import { gateSuite } from '../testing/gate-suite.js'
import { AdmissionGate } from './admission-gate.js'

const keypair = () => createKeypair(SecretKey.generate(crypto), crypto)

function setUp(maxAgents = 100) {
  const clock = new FakeClock({ wall: Date.now() })
  const registry = keypair()
  const gate = new AdmissionGate({ crypto, clock, maxAgents })
  gate.trust(registry.id)
  const admission = (
    id: AgentId,
    groups: string[],
    overrides: Partial<AdmissionStatement> = {},
  ) => {
    const notBefore = clock.wall() - 1_000
    const statement = { id, groups, foreign: [], notBefore, notAfter: notBefore + 600_000 }
    return signedToBytes(signAdmission(registry, { ...statement, ...overrides }).signed)
  }
  const login = (agent: AgentId, bytes: Uint8Array) =>
    gate.admit({ agent, admission: bytes, nowWall: clock.wall() })
  return { clock, registry, gate, admission, login }
}

describe('the gate of admissions', () => {
  gateSuite(
    () => {
      const { gate, admission } = setUp()
      const agent = (group: string) => {
        const { id } = keypair()
        return { id, admission: admission(id, [group]) }
      }
      return { gate, alice: agent('team'), bob: agent('team'), eve: agent('others') }
    },
    { it, expect },
  )

  it('admits until the document says', () => {
    const { clock, admission, login } = setUp()
    const { id } = keypair()
    const verdict = login(id, admission(id, ['team']))
    expect(verdict).toEqual({
      ok: true,
      groups: new Set(['team']),
      notAfter: clock.wall() + 599_000,
    })
  })

  it('refuses what another registry signed, what is another agent’s, and what has run out', () => {
    const { clock, admission, login } = setUp()
    const { id } = keypair()
    const refused = { ok: false, code: 'login-refused' }
    const stranger = setUp().admission(id, ['team'])
    expect(login(id, stranger)).toEqual(refused)
    expect(login(keypair().id, admission(id, ['team']))).toEqual(refused)
    const own = admission(id, ['team'])
    clock.advance(600_000)
    expect(login(id, own)).toEqual(refused)
    expect(login(id, noAdmission)).toEqual(refused)
    expect(login(id, Uint8Array.of(1))).toEqual(refused)
  })

  it('lets nobody in before it knows whom to trust', () => {
    const { clock, admission } = setUp()
    const gate = new AdmissionGate({ crypto, clock, maxAgents: 10 })
    const { id } = keypair()
    const verdict = gate.admit({
      agent: id,
      admission: admission(id, ['a']),
      nowWall: clock.wall(),
    })
    expect(verdict).toEqual({ ok: false, code: 'registry-unreachable' })
  })

  it('forgets who may reach whom when the admission runs out', () => {
    const { clock, gate, admission, login } = setUp()
    const [alice, bob] = [keypair().id, keypair().id]
    login(alice, admission(alice, ['team']))
    login(bob, admission(bob, ['team'], { notAfter: clock.wall() + 1_000 }))
    expect(gate.mayReach(alice, bob)).toBe(true)
    clock.advance(1_000)
    expect(gate.mayReach(alice, bob)).toBe(false)
    expect(gate.mayReach(bob, alice)).toBe(false)
  })

  it('counts a permission into a foreign group in both directions', () => {
    const { gate, admission, login } = setUp()
    const [alice, bob] = [keypair().id, keypair().id]
    login(alice, admission(alice, ['team'], { foreign: ['others'] }))
    login(bob, admission(bob, ['others']))
    expect([gate.mayReach(alice, bob), gate.mayReach(bob, alice)]).toEqual([true, true])
  })

  it('goes by the newest admission and says that something changed', () => {
    const { gate, admission, login } = setUp()
    const [alice, bob] = [keypair().id, keypair().id]
    login(alice, admission(alice, ['team']))
    login(bob, admission(bob, ['team']))
    const changes: GateChange[] = []
    gate.onChange((change) => changes.push(change))
    login(bob, admission(bob, ['others']))
    expect(gate.mayReach(alice, bob)).toBe(false)
    expect(changes).toEqual([{ kind: 'groups', agent: bob }])
  })

  it('remembers a bounded number of agents, the newest', () => {
    const { gate, admission, login } = setUp(2)
    const agents = [keypair().id, keypair().id, keypair().id]
    for (const agent of agents) login(agent, admission(agent, ['team']))
    const reachesItself = agents.map((agent) => gate.mayReach(agent, agent))
    expect(reachesItself).toEqual([false, true, true])
  })
})
