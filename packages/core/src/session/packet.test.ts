import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../bytes.js'
import { decodePacketHeader, encodePacketHeader, headerBytes, type PacketHeader } from './packet.js'

const index = fc.integer({ min: 1, max: 0xffff_ffff })
const space = fc.constantFrom('data' as const, 'control' as const)

/** Any well-formed header. */
const headers: fc.Arbitrary<PacketHeader> = fc.oneof(
  fc.record({
    kind: fc.constant('handshake1' as const),
    index: fc.constant(0),
    number: index,
    space: fc.constant('data' as const),
  }),
  fc.record({
    kind: fc.constantFrom('handshake2' as const, 'handshake3' as const),
    index,
    number: index,
    space: fc.constant('data' as const),
  }),
  fc.record({
    kind: fc.constantFrom('sealed' as const, 'noSession' as const),
    index,
    number: fc.maxSafeNat(),
    space,
  }),
)

describe('a packet header', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(headers, (header) => {
        const bytes = encodePacketHeader(header)
        expect(bytes).toHaveLength(headerBytes)
        expect(decodePacketHeader(bytes)).toEqual(header)
      }),
    )
  })

  test('is refused or canonical, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const header = decodePacketHeader(bytes)
        if (header === undefined) return
        expect(encodePacketHeader(header)).toEqual(bytes.slice(0, headerBytes))
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['handshake1', 0, 0x01020304, 'data', '01000000000000000000000001020304'],
    ['handshake2', 0x01020304, 5, 'data', '02000000010203040000000000000005'],
    ['sealed', 0xfffefdfc, 65_537, 'data', '04000000fffefdfc0000000000010001'],
    ['sealed', 1, 2 ** 40 + 7, 'control', '04000000000000018000010000000007'],
    ['noSession', 9, 3, 'control', '05000000000000098000000000000003'],
  ] as const)('of kind %s is these bytes', (kind, at, number, where, hex) => {
    const header = { kind, index: at, number, space: where }
    expect(toHex(encodePacketHeader(header))).toBe(hex)
    expect(decodePacketHeader(fromHex(hex))).toEqual(header)
  })

  test.each([
    ['an unknown kind', '06000000000000010000000000000001'],
    ['bytes that have to be zero', '04000100000000010000000000000001'],
    ['message 1 with an index', '01000000000000010000000000000001'],
    ['a sealed packet without an index', '04000000000000000000000000000001'],
    ['message 2 from index 0', '02000000000000010000000000000000'],
    ['message 2 with more than an index', '02000000000000010000000100000001'],
    ['a number beyond 2^53', '04000000000000010020000000000000'],
    ['no-session with a body', '0500000000000001000000000000000100'],
    ['a header cut short', '040000000000000100000000000000'],
  ])('with %s is refused', (_, hex) => {
    expect(decodePacketHeader(fromHex(hex))).toBeUndefined()
  })
})
