import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import { backends } from '../node/backends.js'
import { nodeCrypto } from '../node/crypto.js'
import { secretKeys, seededCrypto } from '../testing/index.js'
import { agentIdBytes, x25519Of } from './agent-id.js'
import { signContexts, signedBytes } from './contexts.js'
import { createKeypair, SecretKey, verify } from './keypair.js'

const seed = new Uint8Array(32).fill(0xab)
const secret = SecretKey.fromSeed(seed)
const line = 'agent-mesh-secret-key-v1:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s\n'
const pinned = {
  id: 'JIrL26-eBQGW3nBL6i1odw5RkVDRA7WH2uLZytU92TA',
  noise: 'ff8faa8a82ef480c28312b235ce2789ab9efee512c1dc406dcb96065bdfb2f48',
  signature:
    '4e9bcd8c7248e397d5908b2be4595065b5b23d91a52360f882360f2e5299e34f596cc5624f82fe05319a7ff24c0fe9926055dfbacd7ceb6a377772bd8fa8ad0c',
}
const invalid = expect.objectContaining({ code: 'invalid' })

describe('SecretKey', () => {
  it('shows itself to nobody', () => {
    const shown = [
      String(secret),
      [secret].join(),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ nested: { secret } }, { showHidden: true, depth: 9 }),
      JSON.stringify(Object.entries(secret)),
      JSON.stringify(structuredClone({ ...secret })),
      inspect(createKeypair(secret, nobleCrypto), { showHidden: true, depth: 9 }),
    ].join('\n')
    expect(shown).toContain('[secret key]')
    for (const trace of ['171', 'ab, ab', 'abab', 'q6ur']) expect(shown).not.toContain(trace)
  })

  it('is written to its file as one versioned line, and read back', () => {
    expect(secret.format()).toBe(line)
    fc.assert(
      fc.property(secretKeys, (key) => {
        expect(SecretKey.parse(key.format()).equals(key)).toBe(true)
        expect(SecretKey.parse(` \r\n${key.format()}\n`).equals(key)).toBe(true)
      }),
    )
  })

  it.each([
    '',
    'q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s',
    'agent-mesh-secret-key-v2:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s',
    'agent-mesh-secret-key-v1:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6ur',
    'agent-mesh-secret-key-v1:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6t',
    'agent-mesh-secret-key-v1:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=',
    `${line}${line}`,
  ])('refuses %j, without repeating it', (text) => {
    let message = ''
    try {
      SecretKey.parse(text)
    } catch (error) {
      expect(error).toEqual(invalid)
      message = String(error)
    }
    expect(message).toMatch(/secret key/)
    expect(message).not.toContain('q6ur')
  })

  it('is compared by equals, and keeps bytes of its own', () => {
    const bytes = seed.slice()
    const copy = SecretKey.fromSeed(bytes)
    bytes.fill(0)
    expect(copy.equals(secret)).toBe(true)
    expect(SecretKey.fromSeed(bytes).equals(secret)).toBe(false)
    expect(() => SecretKey.fromSeed(new Uint8Array(31))).toThrow(invalid)
  })

  it('is generated from the randomness it is given', () => {
    const [one, same] = [SecretKey.generate(seededCrypto(1)), SecretKey.generate(seededCrypto(1))]
    expect(one.equals(same)).toBe(true)
    expect(SecretKey.generate(nobleCrypto).equals(one)).toBe(false)
  })
})

describe.each(backends)('a keypair with %s', (_, crypto) => {
  const keypair = createKeypair(secret, crypto)

  it('has the id, the signature and the Noise key of its seed', () => {
    expect(keypair.id).toBe(pinned.id)
    expect(toHex(keypair.noise.publicKey)).toBe(pinned.noise)
    expect(toHex(keypair.sign('card', utf8('hello')))).toBe(pinned.signature)
  })

  it('has the X25519 form of its id for a Noise key', () => {
    fc.assert(
      fc.property(secretKeys, (key) => {
        const { id, noise } = createKeypair(key, crypto)
        expect(noise.publicKey).toEqual(x25519Of(id))
      }),
      { numRuns: 10 },
    )
  })

  it('signs for one context, one text and one signer', () => {
    const other = createKeypair(SecretKey.generate(crypto), crypto)
    for (const context of signContexts) {
      const signature = keypair.sign(context, utf8('hello'))
      for (const asked of signContexts) {
        const holds = verify(crypto, keypair.id, asked, utf8('hello'), signature)
        expect(holds).toBe(asked === context)
      }
      expect(verify(crypto, keypair.id, context, utf8('hullo'), signature)).toBe(false)
      expect(verify(crypto, other.id, context, utf8('hello'), signature)).toBe(false)
    }
  })
})

describe('signed bytes', () => {
  it('begin with the label of their context, which ends where the bytes begin', () => {
    expect(toHex(signedBytes('card', Uint8Array.of(1, 2)))).toBe(
      '6167656e742d6d6573682063617264207631000102',
    )
    expect(signContexts.some((context) => context.includes('\0'))).toBe(false)
    expect(new Set(signContexts).size).toBe(signContexts.length)
  })

  it('are signed with plain Ed25519 over exactly these', () => {
    const { id, sign } = createKeypair(secret, nodeCrypto)
    const message = signedBytes('admission', utf8('{}'))
    const signature = sign('admission', utf8('{}'))
    expect(nobleCrypto.verify(agentIdBytes(id), message, signature)).toBe(true)
  })
})
