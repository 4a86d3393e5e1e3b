import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toBase64url, toHex } from '../bytes.js'
import { backends } from '../node/backends.js'
import { agentIds, bytesOf } from '../testing/index.js'
import { equivalents, honest, p, smallOrder } from '../testing/points.js'
import {
  agentIdBytes,
  agentIdFromBytes,
  compareAgentIds,
  isAgentId,
  isPrimeOrder,
  parseAgentId,
  shortId,
  x25519Of,
} from './agent-id.js'

const invalid = expect.objectContaining({ code: 'invalid' })

/** y as 32 bytes with the sign of x in the top bit, canonical or not. */
function encode(y: bigint, sign = 0): Uint8Array {
  return fromHex((y | (BigInt(sign) << 255n)).toString(16).padStart(64, '0')).reverse()
}

describe('parseAgentId', () => {
  it('brings every id through its bytes and back', () => {
    fc.assert(
      fc.property(agentIds, (id) => {
        expect(id).toHaveLength(43)
        expect(parseAgentId(id)).toBe(id)
        expect(agentIdFromBytes(agentIdBytes(id))).toBe(id)
        expect(isAgentId(id)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('refuses the other three spellings of the same 32 bytes, padding and standard base64', () => {
    const { id } = honest
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(id.slice(-1))
    const spellings = [1, 2, 3].map((unused) => id.slice(0, -1) + alphabet.charAt(last + unused))
    for (const text of [...spellings, `${id}=`, `${id} `, ` ${id}`, id.slice(1), '']) {
      expect(() => parseAgentId(text), text).toThrow(invalid)
      expect(isAgentId(text)).toBe(false)
    }
    const standard = `${'+'.repeat(42)}A`
    expect(() => parseAgentId(standard)).toThrow(invalid)
  })

  it('refuses every point of small order, in every encoding', () => {
    for (const point of smallOrder) expect(() => agentIdFromBytes(point)).toThrow(invalid)
    // x = 0 has no negative: these spell nothing, though some libraries read them.
    for (const y of [1n, p - 1n]) expect(() => agentIdFromBytes(encode(y, 1))).toThrow(invalid)
  })

  it('refuses y ≥ p, whether or not y − p is on the curve', () => {
    for (let y = p; y < 2n ** 255n; y++) {
      for (const sign of [0, 1]) {
        expect(() => agentIdFromBytes(encode(y, sign))).toThrow('is not canonical')
      }
    }
  })

  it('refuses y that is on no point, and takes the neighbours that are', () => {
    const verdicts = [2n, 3n, 4n, 5n, 6n, 7n, 8n].map((y) => isAgentId(toBase64url(encode(y))))
    const onCurve = [2n, 3n, 4n, 5n, 6n, 7n, 8n].map((y) => {
      try {
        return ed25519.Point.fromBytes(encode(y)) !== undefined
      } catch {
        return false
      }
    })
    expect(verdicts).toEqual(onCurve)
    expect(new Set(verdicts).size).toBe(2)
  })

  it('never crashes on arbitrary bytes or text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), bytesOf(32).map(toBase64url)), (text) => {
        try {
          expect(parseAgentId(text)).toBe(text)
        } catch (error) {
          expect(error).toEqual(invalid)
        }
      }),
    )
  })

  it('says what is wrong', () => {
    expect(() => parseAgentId('abc')).toThrow('the agent id has 3 characters instead of 43')
    expect(() => agentIdFromBytes(new Uint8Array(31))).toThrow('has 31 bytes instead of 32')
    expect(() => agentIdFromBytes(encode(2n))).toThrow('is not a point of the curve')
  })
})

describe('the sixteen ids of one secret', () => {
  it('all parse, and only ±A are of prime order', () => {
    expect(new Set(equivalents).size).toBe(16)
    const prime = equivalents.filter((id) => isPrimeOrder(id))
    expect(prime).toEqual([equivalents[0], equivalents[8]])
    expect(prime[0]).toBe(honest.id)
  })

  it.each(backends)('agree on the same X25519 secret with everyone (%s)', (_, crypto) => {
    const someone = crypto.dhKey(new Uint8Array(32).fill(5))
    const secrets = equivalents.map((id) => toHex(someone.agree(x25519Of(id))))
    expect(new Set(secrets)).toEqual(new Set([toHex(honest.noise.agree(someone.publicKey))]))
  })

  it('have eight X25519 forms, one for each ±pair', () => {
    const forms = equivalents.map((id) => toHex(x25519Of(id)))
    expect(new Set(forms).size).toBe(8)
    const negatives = equivalents.map((id) => {
      const bytes = agentIdBytes(id)
      bytes[31] = (bytes[31] as number) ^ 0x80
      return toHex(x25519Of(agentIdFromBytes(bytes)))
    })
    expect(negatives).toEqual(forms)
  })
})

describe('x25519Of', () => {
  it('is the map of RFC 7748 §4.1 as noble computes it', () => {
    fc.assert(
      fc.property(agentIds, (id) => {
        expect(x25519Of(id)).toEqual(ed25519.utils.toMontgomery(agentIdBytes(id)))
      }),
      { numRuns: 20 },
    )
  })
})

describe('ids for people and for ordering', () => {
  it('shorten to eight characters', () => {
    expect(shortId(honest.id)).toBe(honest.id.slice(0, 8))
  })

  it('order as 32 unsigned bytes, not as text', () => {
    fc.assert(
      fc.property(agentIds, agentIds, (a, b) => {
        const expected = Buffer.compare(agentIdBytes(a), agentIdBytes(b))
        expect(Math.sign(compareAgentIds(a, b))).toBe(expected)
        expect(compareAgentIds(a, a)).toBe(0)
      }),
      { numRuns: 20 },
    )
  })
})
