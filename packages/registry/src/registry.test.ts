import { agentAuthorization, registerAgent, requestAdmission } from '@agent-mesh/api'
import {
  createKeypair,
  SecretKey,
  signCard,
  signedToBytes,
  verifyAdmission,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { createTestRegistry, failure } from './testing/index.js'

const newKey = () => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
describe('a registry', () => {
  it('takes an owner from a one-time code to an agent with a rule and an admission', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const alice = await mesh.agent({ name: 'alice' })
    const bob = await mesh.agent({ name: 'bob', capabilities: [{ name: 'echo' }] })
    expect(await client.agent({ params: { id: 'bob' } })).toMatchObject({
      id: bob.id,
      name: 'bob',
      group: 'default',
      capabilities: ['echo'],
      online: null,
    })
    const body = { effect: 'allow', from: 'alice', to: 'bob', capability: 'echo' } as const
    const { rule, feed } = await client.addRule({ body })
    expect(rule).toMatchObject({ from: alice.id, to: bob.id, fromName: 'alice', toName: 'bob' })
    expect(feed).toEqual({ acknowledged: 0, pending: 0 })
    const signed = await requestAdmission(client, bob)
    const { admissionKey } = await client.registry()
    const check = { registry: admissionKey, nowWall: Date.now() }
    expect(verifyAdmission(nodeCrypto, signed, check).groups).toEqual(['default'])
    const { gate } = mesh.registry
    const login = { admission: signedToBytes(signed), nowWall: Date.now() }
    expect(gate.admit({ agent: bob.id, ...login })).toMatchObject({ ok: true })
    expect(gate.admit({ agent: alice.id, ...login })).toEqual({ ok: false, code: 'login-refused' })
    expect(gate.mayReach(alice.id, bob.id)).toBe(true)
    expect(gate.mayReach(alice.id, newKey().id)).toBe(false)
  })

  it('tells its relays by the name it was asked by', async () => {
    await using mesh = createTestRegistry({
      origins: ['http://127.0.0.1:8080', 'https://mesh.example.com'],
      hasRelay: true,
    })
    expect((await mesh.client().registry()).relays).toEqual(['ws://127.0.0.1:8080/relay/ws'])
  })

  it('lets an agent look others up by its own signature', async () => {
    await using mesh = createTestRegistry()
    const alice = await mesh.agent({ name: 'alice' })
    const client = mesh.client()
    const authorization = await agentAuthorization(client, alice)
    const { agents } = await client.findAgents({ query: {} }, { authorization })
    expect(agents.map(({ name }) => name)).toEqual(['alice'])
    const again = client.findAgents({ query: {} }, { authorization })
    expect(await failure(again)).toMatchObject({ code: 'login-refused' })
  })

  it('refuses a revoked agent at registration, admission and gate', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const bob = await mesh.agent({ name: 'bob' })
    const alice = await mesh.agent({ name: 'alice' })
    const admission = signedToBytes(await requestAdmission(client, bob))
    const heard: unknown[] = []
    mesh.registry.gate.onChange((change) => heard.push(change))
    mesh.registry.revoke(bob.id)
    expect(heard).toEqual([{ kind: 'revoked', agent: bob.id }])
    const login = { agent: bob.id, admission, nowWall: Date.now() }
    expect(mesh.registry.gate.admit(login)).toEqual({ ok: false, code: 'revoked' })
    expect(mesh.registry.gate.mayReach(alice.id, bob.id)).toBe(false)
    expect(await failure(requestAdmission(client, bob))).toMatchObject({ code: 'revoked' })
    const card = signCard(bob, { name: 'bob', sequence: 2, capabilities: [] })
    const registration = registerAgent(client, { keypair: bob, card, crypto: nodeCrypto })
    expect(await failure(registration)).toMatchObject({ code: 'revoked' })
  })
})
