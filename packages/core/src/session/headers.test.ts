import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64url, utf8 } from '../bytes.js'
import { isMeshError } from '../errors.js'
import { decodeAnswerHeader, decodeCallHeader, decodeDetail, encodeHeader } from './headers.js'

const call = toBase64url(new Uint8Array(16))

function refusal(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return isMeshError(error) ? error.code : 'not a MeshError'
  }
}

describe('a call header', () => {
  test('comes back as it was written', () => {
    const text = fc.string({ maxLength: 50 })
    const headers = fc.record(
      {
        capability: fc.string({ minLength: 1, maxLength: 60 }),
        call: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toBase64url),
        type: text,
        deadline: fc.nat(),
        trace: text,
        meta: fc.dictionary(text, text, { maxKeys: 5 }),
        incarnation: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toBase64url),
      },
      { requiredKeys: ['capability', 'call'] },
    )
    fc.assert(
      fc.property(headers, (header) => {
        expect(decodeCallHeader(encodeHeader(header))).toEqual(header)
      }),
    )
  })

  test('drops what a later version may say', () => {
    const bytes = utf8(JSON.stringify({ capability: 'echo', call, later: [1, 2] }))
    expect(decodeCallHeader(bytes)).toEqual({ capability: 'echo', call })
  })

  test.each([
    ['no JSON', 'echo'],
    ['no object', '[]'],
    ['no capability', { call }],
    ['an empty capability', { call, capability: '' }],
    ['an endless capability', { call, capability: 'x'.repeat(129) }],
    ['no call id', { capability: 'echo' }],
    ['a call id that is short', { capability: 'echo', call: call.slice(1) }],
    ['a call id that is not canonical', { capability: 'echo', call: `${call.slice(1)}B` }],
    ['a deadline in the past', { capability: 'echo', call, deadline: -1 }],
    ['a deadline that is text', { capability: 'echo', call, deadline: '1' }],
    ['metadata that is not text', { capability: 'echo', call, meta: { a: 1 } }],
    ['metadata that is a list', { capability: 'echo', call, meta: [] }],
  ])('with %s is refused', (_, header) => {
    const text = typeof header === 'string' ? header : JSON.stringify(header)
    expect(refusal(() => decodeCallHeader(utf8(text)))).toBe('invalid')
  })

  test('is refused as too large above 8 KiB', () => {
    const header = { capability: 'echo', call, meta: { much: 'x'.repeat(8_192) } }
    expect(refusal(() => encodeHeader(header))).toBe('too-large')
  })

  test('never throws anything but invalid, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
        for (const decode of [decodeCallHeader, decodeAnswerHeader]) {
          expect([undefined, 'invalid']).toContain(refusal(() => decode(bytes)))
        }
        expect(refusal(() => decodeDetail(bytes))).toBeUndefined()
      }),
    )
  })
})
