import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../bytes.js'
import { agentIds } from '../testing/index.js'
import { agentIdFromBytes } from './agent-id.js'
import { agentIdOfDidKey, didKeyOf } from './did.js'

const invalid = expect.objectContaining({ code: 'invalid' })

// RFC 8032 §7.1 test 2's key.
const id = agentIdFromBytes(
  fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
)

const pinned = 'did:key:z6MkiaMbhXHNA4eJVCCj8dbzKzTgYDKf6crKgHVHid1F1WCT'

describe('did:key', () => {
  it('spells an id in base58btc with its multicodec', () => {
    expect(didKeyOf(id)).toBe(pinned)
    expect(agentIdOfDidKey(pinned)).toBe(id)
  })

  it('is the other spelling of every id', () => {
    fc.assert(
      fc.property(agentIds, (id) => {
        expect(didKeyOf(id)).toHaveLength(56)
        expect(agentIdOfDidKey(didKeyOf(id))).toBe(id)
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    '',
    'did:key:z',
    'did:web:example.com',
    pinned.toUpperCase(),
    `${pinned}1`,
    pinned.slice(0, -1),
    pinned.replace('z6Mk', 'z16Mk'),
    `${pinned.slice(0, -1)}0`,
    `did:key:z${'z'.repeat(47)}`,
    // An X25519 key (multicodec 0xec01)
    'did:key:z6LSfoGidaqnuysaU5jnyiA6oV8AZnavPLn7sFJ3NogkofBq',
    // The neutral point: canonical, and no agent
    'did:key:z6MkeXATEjyXENzBXBxgC5EHk2JE5aqd7qMGGtDpLUH1e2Sj',
  ])('refuses %s', (did) => {
    expect(() => agentIdOfDidKey(did)).toThrow(invalid)
  })

  it('never crashes on arbitrary digits', () => {
    const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    const digits = fc.string({
      unit: fc.constantFrom(...base58),
      minLength: 47,
      maxLength: 47,
    })
    fc.assert(
      fc.property(digits, (text) => {
        try {
          expect(didKeyOf(agentIdOfDidKey(`did:key:z${text}`))).toBe(`did:key:z${text}`)
        } catch (error) {
          expect(error).toEqual(invalid)
        }
      }),
    )
  })
})
