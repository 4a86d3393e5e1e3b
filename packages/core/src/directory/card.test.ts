import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import { createKeypair, type Keypair, SecretKey } from '../identity/keypair.js'
import { maxCapabilities, maxCardBytes } from '../limits.js'
import { nodeCrypto } from '../node/crypto.js'
import { cardStatements, keypairs } from '../testing/index.js'
import { type CardStatement, readCard, signCard, succession, verifyCard } from './card.js'
import { signedFromBytes, signedFromText, signedToBytes, signedToText } from './document.js'

const bob = keypairOf(1)
const eve = keypairOf(2)
const invalid = expect.objectContaining({ code: 'invalid' })

function keypairOf(fill: number): Keypair {
  return createKeypair(SecretKey.fromSeed(new Uint8Array(32).fill(fill)), nodeCrypto)
}

function statement(overrides: Partial<CardStatement> = {}): CardStatement {
  return { name: 'bob', sequence: 1, capabilities: [{ name: 'echo' }], ...overrides }
}

/** A document whose signature is good, whatever it says. */
function signedJson(value: unknown, keypair = bob) {
  const json = utf8(JSON.stringify(value))
  return { json, signature: keypair.sign('card', json) }
}

const body = { v: 1, id: bob.id, name: 'bob', sequence: 1, capabilities: [] }

describe('a card', () => {
  it('says the same to every reader, in either form', () => {
    fc.assert(
      fc.property(keypairs, cardStatements, (keypair, said) => {
        const card = signCard(keypair, said)
        expect(card).toMatchObject({ ...said, id: keypair.id })
        const forms = [
          signedFromText(signedToText(card.signed), maxCardBytes),
          signedFromBytes(signedToBytes(card.signed), maxCardBytes),
        ]
        for (const [i, signed] of forms.entries()) {
          const crypto = i === 0 ? nobleCrypto : nodeCrypto
          expect(verifyCard(crypto, readCard(signed))).toEqual(card)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('is pinned to the byte', () => {
    const { signed } = signCard(bob, statement({ relays: ['wss://mesh.example/relay/ws'] }))
    expect(fromUtf8(signed.json)).toBe(
      `{"v":1,"id":"${bob.id}","name":"bob","sequence":1,"capabilities":[{"name":"echo"}],"relays":["wss://mesh.example/relay/ws"]}`,
    )
    expect(signed.signature).toEqual(bob.sign('card', signed.json))
  })

  it('is refused with any byte changed', () => {
    const { signed } = signCard(bob, statement())
    const flip = (bytes: Uint8Array, at: number) =>
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
    for (let at = 0; at < signed.json.length; at++) {
      const changed = { ...signed, json: flip(signed.json, at) }
      expect(() => verifyCard(nodeCrypto, readCard(changed))).toThrow(invalid)
    }
    for (let at = 0; at < 64; at++) {
      const changed = { ...signed, signature: flip(signed.signature, at) }
      expect(() => verifyCard(nodeCrypto, readCard(changed))).toThrow('not signed by its agent')
    }
  })

  it('is refused where another agent signed it, or it was signed as something else', () => {
    const forged = readCard(signedJson(body, eve))
    expect(() => verifyCard(nodeCrypto, forged)).toThrow('not signed by its agent')
    const json = utf8(JSON.stringify(body))
    const prekey = readCard({ json, signature: bob.sign('prekey', json) })
    expect(() => verifyCard(nodeCrypto, prekey)).toThrow('not signed by its agent')
  })

  it('cannot be claimed for an agent by whoever passes it on', () => {
    const { signed } = signCard(eve, statement())
    expect(() => verifyCard(nodeCrypto, { id: bob.id, signed })).toThrow('not signed by its agent')
  })

  it.each([
    ['is no object', null, /^card /],
    ['has an unknown field', { ...body, admin: true }, /^card.admin is unknown/],
    ['has another version', { ...body, v: 2 }, /^card.v is not 1/],
    ['has an id in another spelling', { ...body, id: `${bob.id}=` }, /^card.id is not an agent id/],
    ['has a name in capitals', { ...body, name: 'Bob' }, /^card.name must be 1 to 63/],
    ['has an empty name', { ...body, name: '' }, /^card.name/],
    ['has a name beginning with a dash', { ...body, name: '-bob' }, /^card.name/],
    ['has a long name', { ...body, name: 'b'.repeat(64) }, /^card.name/],
    ['has no sequence', { ...body, sequence: undefined }, /^card.sequence/],
    ['has a negative sequence', { ...body, sequence: -1 }, /^card.sequence is negative/],
    ['has a fraction for a sequence', { ...body, sequence: 1.5 }, /^card.sequence/],
    ['has a sequence beyond 2^53', { ...body, sequence: 2 ** 53 }, /^card.sequence/],
    ['has no list of capabilities', { ...body, capabilities: {} }, /^card.capabilities/],
    [
      'has too many capabilities',
      {
        ...body,
        capabilities: Array.from({ length: maxCapabilities + 1 }, (_, i) => ({ name: `c${i}` })),
      },
      /^card.capabilities has more than 64/,
    ],
    [
      'names one capability twice',
      { ...body, capabilities: [{ name: 'a' }, { name: 'a' }] },
      /names one capability twice/,
    ],
    [
      'has a pattern for a capability',
      { ...body, capabilities: [{ name: 'a.*' }] },
      /^card.capabilities.0.name must be/,
    ],
    [
      'has a list for a schema',
      { ...body, capabilities: [{ name: 'a', input: [] }] },
      /^card.capabilities.0.input is not an object/,
    ],
    [
      'has a schema nested too deep',
      { ...body, capabilities: [{ name: 'a', output: nested(32) }] },
      /nested deeper than 32/,
    ],
    ['has a control character', { ...body, description: '\u001b[2J' }, /^card.description/],
    ['has a long description', { ...body, description: 'a'.repeat(1_025) }, /^card.description/],
    [
      'has a relay that is none',
      { ...body, relays: ['https://a.b/'] },
      /^card.relays.0 is not a ws/,
    ],
    ['has too many relays', { ...body, relays: Array(9).fill('ws://a/') }, /^card.relays has more/],
    ['has another presence', { ...body, presence: 'shown' }, /^card.presence/],
  ])('is refused, though signed, where it %s', (_, value, message) => {
    const id = bob.id
    expect(() => verifyCard(nodeCrypto, { id, signed: signedJson(value) })).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
    )
  })

  it('is not signed either, where no reader would take it', () => {
    expect(() => signCard(bob, statement({ name: 'Bob' }))).toThrow('card.name must be')
    const description = 'a'.repeat(1_024)
    const capabilities = Array.from({ length: 64 }, (_, i) => ({ name: `c${i}`, description }))
    expect(() => signCard(bob, statement({ capabilities }))).toThrow('more than 65535 bytes')
  })

  it('takes a schema as deep as the limit', () => {
    const capabilities = [{ name: 'a', input: nested(31) }]
    expect(signCard(bob, statement({ capabilities })).capabilities).toEqual(capabilities)
  })

  it('does not crash its reader, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (json) => {
        expect(() => readCard({ json, signature: new Uint8Array(64) })).toThrow(invalid)
      }),
    )
    const deep = utf8('['.repeat(60_000))
    expect(() => readCard({ json: deep, signature: new Uint8Array(64) })).toThrow('is not JSON')
    const long = new Uint8Array(maxCardBytes + 1)
    expect(() => readCard({ json: long, signature: new Uint8Array(64) })).toThrow('more than')
  })

  it('repeats little of a stranger’s words in its errors', () => {
    const value = { ...body, ['x'.repeat(10_000)]: 1 }
    const id = bob.id
    try {
      verifyCard(nodeCrypto, { id, signed: signedJson(value) })
      expect.unreachable()
    } catch (error) {
      expect(String(error).length).toBeLessThan(200)
    }
  })

  it('keeps bytes of its own', () => {
    const { signed } = signCard(bob, statement())
    const frame = signedToBytes(signed)
    const card = readCard(signedFromBytes(frame, maxCardBytes))
    frame.fill(0)
    expect(card.signed).toEqual(signed)
  })
})

describe('succession', () => {
  const known = signCard(bob, statement({ sequence: 5 }))

  it('prefers the larger sequence and refuses a lower one', () => {
    expect(succession(known, signCard(bob, statement({ sequence: 6 })))).toBe('newer')
    expect(succession(known, signCard(bob, statement({ sequence: 4 })))).toBe('stale')
  })

  it('takes the same card again, and no other of the same sequence', () => {
    expect(succession(known, signCard(bob, statement({ sequence: 5 })))).toBe('same')
    const other = signCard(bob, statement({ sequence: 5, description: 'other' }))
    expect(succession(known, other)).toBe('stale')
    expect(succession(other, known)).toBe('stale')
  })

  it('compares only cards of one agent', () => {
    expect(() => succession(known, signCard(eve, statement()))).toThrow('different agents')
  })
})

function nested(depth: number): Record<string, unknown> {
  let value: Record<string, unknown> = {}
  for (let i = 0; i < depth; i++) value = { a: value }
  return value
}
