import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  concat,
  equal,
  fromBase64url,
  fromHex,
  fromUtf8,
  toBase64url,
  toHex,
  utf8,
} from './bytes.js'

const bytes = fc.uint8Array({ maxLength: 200 })
const invalid = expect.objectContaining({ code: 'invalid' })

describe('concat and equal', () => {
  it('put parts after one another in new memory', () => {
    const part = Uint8Array.of(1, 2)
    const whole = concat(part, new Uint8Array(0), Uint8Array.of(3))
    part[0] = 9
    expect(whole).toEqual(Uint8Array.of(1, 2, 3))
    expect(concat()).toEqual(new Uint8Array(0))
  })

  it('compare every byte and the length', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(equal(a, a.slice())).toBe(true)
        expect(equal(a, b)).toBe(toHex(a) === toHex(b))
      }),
    )
  })
})

describe('base64url', () => {
  it('spells the examples of RFC 4648 §10 without padding', () => {
    const texts = ['', 'Zg', 'Zm8', 'Zm9v', 'Zm9vYg', 'Zm9vYmE', 'Zm9vYmFy']
    texts.forEach((text, length) => {
      expect(toBase64url(utf8('foobar'.slice(0, length)))).toBe(text)
    })
    expect(toBase64url(Uint8Array.of(0xfb, 0xff))).toBe('-_8')
  })

  it('reads what it wrote, and agrees with the platform', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = toBase64url(value)
        expect(text).toBe(Buffer.from(value).toString('base64url'))
        expect(fromBase64url(text)).toEqual(value)
      }),
    )
  })

  it('reads nothing but the one canonical spelling', () => {
    for (const text of [
      'Zg==',
      'Zh',
      'Zm9=',
      'A',
      'Zm9vA',
      'Zm 9v',
      'Zm9v\n',
      '+/8',
      'Zmü',
      '\0',
    ]) {
      expect(() => fromBase64url(text, 'key'), text).toThrow(invalid)
    }
  })

  it('accepts arbitrary text only as the spelling of its bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        let value: Uint8Array
        try {
          value = fromBase64url(text)
        } catch (error) {
          expect(error).toEqual(invalid)
          return
        }
        expect(toBase64url(value)).toBe(text)
      }),
    )
  })

  it('does not repeat the text in its error', () => {
    expect(() => fromBase64url('secret!', 'the secret key')).toThrow(
      'the secret key is not base64url (character 7)',
    )
  })
})

describe('hex', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(value)
      }),
    )
    expect(fromHex('0aFF')).toEqual(Uint8Array.of(10, 255))
  })

  it('refuses odd lengths and other characters', () => {
    for (const text of ['a', '0g', ' 0', '0x']) expect(() => fromHex(text)).toThrow(invalid)
  })
})

describe('UTF-8', () => {
  it('reads what it wrote, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa')
  })

  it('refuses what is not UTF-8, naming the field', () => {
    for (const hex of ['ff', 'c080', 'eda080', 'f4908080', 'e282']) {
      expect(() => fromUtf8(fromHex(hex), 'origin')).toThrow('origin is not UTF-8')
    }
  })
})
