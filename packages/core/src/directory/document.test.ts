import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../bytes.js'
import { bytesOf } from '../testing/index.js'
import {
  sameDocument,
  signedFromBytes,
  signedFromText,
  signedToBytes,
  signedToText,
} from './document.js'

const invalid = expect.objectContaining({ code: 'invalid' })
const documents = fc.record({ json: fc.uint8Array({ maxLength: 300 }), signature: bytesOf(64) })

describe('a signed document', () => {
  it('comes through HTTP and through frames as it was', () => {
    fc.assert(
      fc.property(documents, (signed) => {
        expect(signedFromText(signedToText(signed), 300)).toEqual(signed)
        const bytes = signedToBytes(signed)
        expect(bytes).toHaveLength(2 + signed.json.length + 64)
        expect(signedFromBytes(bytes, 300)).toEqual(signed)
      }),
    )
  })

  it('looks like this', () => {
    const signed = { json: utf8('{}'), signature: new Uint8Array(64).fill(0xdd) }
    expect(toHex(signedToBytes(signed))).toBe(`00027b7d${'dd'.repeat(64)}`)
    expect(signedToText(signed)).toEqual({
      document: 'e30',
      signature: `${Buffer.alloc(64, 0xdd).toString('base64url')}`,
    })
  })

  it('is refused beyond its length, cut short, or with bytes left over', () => {
    const signed = { json: new Uint8Array(10), signature: new Uint8Array(64) }
    const bytes = signedToBytes(signed)
    expect(() => signedFromBytes(bytes, 9)).toThrow('the document has more than 9 bytes')
    expect(() => signedFromText(signedToText(signed), 9)).toThrow('more than 9 bytes')
    expect(() => signedFromBytes(concat(bytes, fromHex('00')), 10)).toThrow('left over')
    for (let length = 0; length < bytes.length; length++) {
      expect(() => signedFromBytes(bytes.subarray(0, length), 10)).toThrow('is cut short')
    }
    const text = signedToText(signed)
    const short = { ...text, signature: text.signature.slice(0, -2) }
    expect(() => signedFromText(short, 10)).toThrow('the signature is not 64 bytes long')
    expect(() => signedFromText({ ...text, document: 'e3 0' }, 10)).toThrow(invalid)
  })

  it('never crashes a reader with arbitrary bytes or text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, text) => {
        const readers = [
          () => signedToBytes(signedFromBytes(bytes, 100)),
          () => signedFromText({ document: text, signature: text }, 100),
        ]
        for (const read of readers) {
          try {
            expect(read()).toEqual(bytes)
          } catch (error) {
            expect(error).toEqual(invalid)
          }
        }
      }),
    )
  })

  it('is the same only with the same bytes and the same signature', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        expect(sameDocument(a, { ...a })).toBe(true)
        expect(sameDocument(a, b)).toBe(toHex(signedToBytes(a)) === toHex(signedToBytes(b)))
      }),
    )
  })
})
