import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from './bytes.js'
import { MeshError } from './errors.js'
import { Reader, varintLength } from './reader.js'
import { Writer } from './writer.js'

const invalid = expect.objectContaining({ code: 'invalid' })

const fields = fc.oneof(
  fc.tuple(fc.constant('u8' as const), fc.nat(0xff)),
  fc.tuple(fc.constant('u16' as const), fc.nat(0xffff)),
  fc.tuple(fc.constant('u32' as const), fc.integer({ min: 0, max: 0xffff_ffff })),
  fc.tuple(fc.constant('u53' as const), fc.maxSafeNat()),
  fc.tuple(fc.constant('u64' as const), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  fc.tuple(fc.constant('varint' as const), fc.maxSafeNat()),
  fc.tuple(fc.constant('text16' as const), fc.string({ unit: 'grapheme', maxLength: 20 })),
  fc.tuple(fc.constant('bytes' as const), fc.uint8Array({ maxLength: 100 })),
)
type Field = typeof fields extends fc.Arbitrary<infer T> ? T : never

function write(writer: Writer, [type, value]: Field): Writer {
  if (type === 'u8') return writer.u8(value)
  if (type === 'u16') return writer.u16(value)
  if (type === 'u32') return writer.u32(value)
  if (type === 'varint') return writer.varint(value)
  if (type === 'text16') return writer.text16(value)
  if (type === 'bytes') return writer.varint(value.length).bytes(value)
  return writer.u64(value)
}

function read(reader: Reader, [type]: Field): unknown {
  if (type === 'text16') return reader.text(reader.u16('length'), 'text')
  if (type === 'bytes') return reader.bytes(reader.varint('length'), 'bytes')
  return reader[type]('number')
}

describe('Reader and Writer', () => {
  it('read any run of fields as it was written, to its last byte', () => {
    fc.assert(
      fc.property(fc.array(fields), fc.nat(80), (list, capacity) => {
        const writer = new Writer(capacity)
        for (const field of list) write(writer, field)
        expect(writer.finish()).toHaveLength(writer.length)
        const reader = new Reader(writer.finish())
        expect(list.map((field) => read(reader, field))).toEqual(list.map(([, value]) => value))
        reader.end()
      }),
    )
  })

  it('refuse every frame that is cut short', () => {
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 5 }), (list) => {
        const writer = new Writer()
        for (const field of list) write(writer, field)
        const frame = writer.finish()
        for (let length = 0; length < frame.length; length++) {
          const reader = new Reader(frame.subarray(0, length))
          expect(() => list.map((field) => read(reader, field))).toThrow(invalid)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('never crash on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fields), (frame, list) => {
        const reader = new Reader(frame)
        try {
          for (const field of list) read(reader, field)
          reader.end()
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError)
          expect(error).toEqual(invalid)
        }
        expect(reader.offset).toBeLessThanOrEqual(frame.length)
      }),
    )
  })

  it('read within their own part of a larger buffer', () => {
    const frame = fromHex('ffff0102ffff').subarray(2, 4)
    const reader = new Reader(frame)
    expect(reader.u16('n')).toBe(0x0102)
    expect(() => reader.u8('m')).toThrow(invalid)
  })

  it('name the frame, the field and the offset', () => {
    const reader = new Reader(fromHex('00010203'), 'login')
    reader.u16('length')
    expect(() => reader.u32('origin')).toThrow('login: origin is cut short (offset 2)')
    expect(() => reader.end()).toThrow('login: end has 2 bytes left over (offset 2)')
  })
})

describe('varint', () => {
  it.each([
    // RFC 9000 §A.1
    ['25', 37],
    ['7bbd', 15_293],
    ['9d7f3e7d', 494_878_333],
    ['c000000040000000', 0x4000_0000],
    ['c01fffffffffffff', Number.MAX_SAFE_INTEGER],
  ])('%s is %i', (hex, value) => {
    expect(new Reader(fromHex(hex)).varint('n')).toBe(value)
    expect(toHex(new Writer().varint(value).finish())).toBe(hex)
  })

  it('takes as many bytes as claimed', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(new Writer().varint(value).finish()).toHaveLength(varintLength(value))
      }),
    )
  })

  it.each(['4025', '403f', '80003fff', '80000025', 'c00000003fffffff'])(
    '%s is refused: there is a shorter form',
    (hex) => {
      expect(() => new Reader(fromHex(hex)).varint('n')).toThrow('not in its shortest form')
    },
  )

  it.each(['c020000000000000', 'ffffffffffffffff'])('%s is refused: above 2^53 − 1', (hex) => {
    expect(() => new Reader(fromHex(hex)).varint('n')).toThrow('n is too large (offset 0)')
  })
})

describe('Writer', () => {
  it.each([
    ['u8', 256],
    ['u8', -1],
    ['u8', 1.5],
    ['u16', 65_536],
    ['u32', 2 ** 32],
    ['varint', 2 ** 53],
    ['varint', Number.NaN],
    ['u64', 2 ** 53],
  ] as const)('%s refuses %d', (type, value) => {
    expect(() => new Writer()[type](value)).toThrow(invalid)
  })

  it('refuses big integers beyond a u64', () => {
    for (const value of [-1n, 2n ** 64n]) expect(() => new Writer().u64(value)).toThrow(invalid)
  })

  it('refuses text whose length does not fit', () => {
    expect(() => new Writer().text16('a'.repeat(65_536))).toThrow(invalid)
  })

  it('copies what it is given', () => {
    const part = Uint8Array.of(1)
    const writer = new Writer(0).bytes(part)
    part[0] = 2
    expect(writer.finish()).toEqual(concat(Uint8Array.of(1)))
  })
})
