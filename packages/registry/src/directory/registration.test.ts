import { registerAgent } from '@agent-mesh/api'
import {
  type CardStatement,
  createKeypair,
  fromBase64url,
  isAgentId,
  type Keypair,
  registrationBytes,
  SecretKey,
  signCard,
  signedToText,
  toBase64url,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { createTestRegistry, failure, type TestRegistry } from '../testing/index.js'

const origin = 'http://127.0.0.1:8080'
const newKey = () => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
const cardOf = (keypair: Keypair, statement: Partial<CardStatement> = {}) =>
  signCard(keypair, { name: 'bob', sequence: 1, capabilities: [], ...statement })

/** A registration request whose every part can be wrong. */
const requestOf = async (
  mesh: TestRegistry,
  parts: { keypair: Keypair; signer?: Keypair; origin?: string; nonce?: string },
) => {
  const nonce = parts.nonce ?? (await mesh.client().nonce()).nonce
  const card = cardOf(parts.keypair)
  const bytes = registrationBytes(nodeCrypto, {
    origin: parts.origin ?? origin,
    nonce: fromBase64url(nonce, 'nonce'),
    card: card.signed.json,
  })
  const signature = (parts.signer ?? parts.keypair).sign('registration', bytes)
  return { body: { card: signedToText(card.signed), nonce, proof: toBase64url(signature) } }
}

const register = async (mesh: TestRegistry, keypair: Keypair, statement = {}) => {
  const { client } = await mesh.owner()
  return registerAgent(client, { keypair, card: cardOf(keypair, statement), crypto: nodeCrypto })
}

describe('registration', () => {
  it('needs a login', async () => {
    await using mesh = createTestRegistry()
    const request = await requestOf(mesh, { keypair: newKey() })
    expect(await failure(mesh.client().register(request))).toMatchObject({ code: 'not-logged-in' })
  })

  it('refuses a proof that was used before', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const request = await requestOf(mesh, { keypair: newKey() })
    await client.register(request)
    expect(await failure(client.register(request))).toMatchObject({ code: 'login-refused' })
  })

  it('refuses a proof made for another origin, and names its own', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    for (const other of ['http://localhost:8080', 'https://127.0.0.1:8080', `${origin}/`]) {
      const request = await requestOf(mesh, { keypair: newKey(), origin: other })
      const error = await failure(client.register(request))
      expect(error).toMatchObject({ code: 'login-refused' })
      expect(error.message).toContain(origin)
    }
  })

  it('refuses a card that its sender has no key for', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const request = await requestOf(mesh, { keypair: newKey(), signer: newKey() })
    expect(await failure(client.register(request))).toMatchObject({ code: 'login-refused' })
  })

  it('refuses a nonce of another registry', async () => {
    await using mesh = createTestRegistry()
    await using elsewhere = createTestRegistry()
    const { client } = await mesh.owner()
    const { nonce } = await elsewhere.client().nonce()
    const request = await requestOf(mesh, { keypair: newKey(), nonce })
    expect(await failure(client.register(request))).toMatchObject({ code: 'login-refused' })
  })

  it('refuses a card whose bytes are not those that were signed', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const { body } = await requestOf(mesh, { keypair: newKey() })
    const json = fromBase64url(body.card.document, 'card')
    const spaced = toBase64url(new Uint8Array([...json, 0x20]))
    const error = await failure(
      client.register({ body: { ...body, card: { ...body.card, document: spaced } } }),
    )
    expect(error).toMatchObject({ code: 'login-refused' })
  })

  it('lets one key hold a name', async () => {
    await using mesh = createTestRegistry()
    const holder = newKey()
    await register(mesh, holder)
    const error = await failure(register(mesh, newKey()))
    expect(error).toMatchObject({ code: 'name-taken', details: { holder: holder.id } })
    await register(mesh, holder, { name: 'robert', sequence: 2 })
    expect((await register(mesh, newKey())).name).toBe('bob')
  })

  it('takes newer cards, the same card again, and nothing older', async () => {
    await using mesh = createTestRegistry()
    const keypair = newKey()
    const card = cardOf(keypair, { sequence: 5 })
    const { client } = await mesh.owner()
    const input = { keypair, card, crypto: nodeCrypto }
    const first = await registerAgent(client, input)
    expect(await registerAgent(client, input)).toMatchObject({
      sequence: 5,
      registeredAt: first.registeredAt,
    })
    for (const sequence of [4, 5]) {
      const error = await failure(register(mesh, keypair, { sequence, description: 'other' }))
      expect(error).toMatchObject({ code: 'invalid', details: { sequence: 5 } })
    }
    expect((await register(mesh, keypair, { sequence: 6 })).sequence).toBe(6)
  })

  it('does not let a name pass for an id', async () => {
    await using mesh = createTestRegistry()
    const error = await failure(register(mesh, newKey(), { name: lowerCaseId() }))
    expect(error).toMatchObject({ code: 'invalid' })
  })
})

/** An id that also has the shape of a name: half of all 32-byte strings are points. */
function lowerCaseId(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567'
  for (let n = 0; n < letters.length; n++) {
    const text = `${letters.charAt(n)}${'a'.repeat(41)}0`
    if (isAgentId(text)) return text
  }
  throw new Error('none found')
}
