import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../bytes.js'
import { isMeshError } from '../errors.js'
import { Writer } from '../writer.js'
import {
  type ControlFrame,
  controlFrameLength,
  decodeControlRecord,
  encodeControlFrame,
} from './control-frames.js'
import { type DataFrame, dataFrameLength, decodeDataRecord, encodeDataFrame } from './frames.js'

const stream = fc.nat({ max: 2 ** 31 - 1 })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = fc.uint8Array({ maxLength: 200 })

const dataFrames: fc.Arbitrary<DataFrame> = fc.oneof(
  fc.record({ kind: fc.constantFrom('open' as const, 'answer' as const), stream, header: bytes }),
  fc.record({ kind: fc.constant('data' as const), stream, endOfMessage: fc.boolean(), bytes }),
  fc.record({ kind: fc.constantFrom('end' as const, 'cancel' as const), stream }),
  fc.record({
    kind: fc.constant('reset' as const),
    stream,
    code: fc.integer({ min: 0, max: 255 }),
    detail: bytes,
  }),
  fc.record({ kind: fc.constant('session-probe' as const), nonce: u32, index: u32 }),
  fc.record({ kind: fc.constant('session-status' as const), nonce: u32, alive: fc.boolean() }),
)

const ranges = fc
  .tuple(
    fc.nat(1_000_000),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 999 }))),
  )
  .map(([cumulative, steps]) => {
    let at = cumulative
    const list = steps.map(([gap, run]) => {
      const start = at + gap
      at = start + run
      return { start, end: at }
    })
    return { kind: 'ack' as const, cumulative, ranges: list }
  })

const controlFrames: fc.Arbitrary<ControlFrame> = fc.oneof(
  ranges,
  fc.record({
    kind: fc.constant('credit' as const),
    session: fc.maxSafeNat(),
    streams: fc.array(fc.record({ stream, limit: fc.maxSafeNat() })),
  }),
  fc.record({ kind: fc.constant('blocked' as const), streams: fc.array(stream) }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), token: u32 }),
  fc.record({ kind: fc.constantFrom('link-changed' as const, 'goodbye' as const) }),
)

function encode<F>(frames: readonly F[], write: (writer: Writer, frame: F) => void): Uint8Array {
  const writer = new Writer()
  for (const frame of frames) write(writer, frame)
  return writer.finish()
}

function refusal(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return isMeshError(error) ? error.code : 'not a MeshError'
  }
}

describe('a record', () => {
  test('of data frames comes back as it was written, of the length that was claimed', () => {
    fc.assert(
      fc.property(fc.array(dataFrames, { maxLength: 8 }), (frames) => {
        const record = encode(frames, encodeDataFrame)
        expect(record.length).toBe(frames.reduce((sum, frame) => sum + dataFrameLength(frame), 0))
        expect(decodeDataRecord(record)).toEqual(frames)
      }),
    )
  })

  test('of control frames comes back as it was written, of the length that was claimed', () => {
    fc.assert(
      fc.property(fc.array(controlFrames, { maxLength: 8 }), (frames) => {
        const record = encode(frames, encodeControlFrame)
        expect(record.length).toBe(
          frames.reduce((sum, frame) => sum + controlFrameLength(frame), 0),
        )
        expect(decodeControlRecord(record)).toEqual(frames)
      }),
    )
  })

  test('is canonical or refused as invalid, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (record) => {
        const data = refusal(() => {
          expect(encode(decodeDataRecord(record), encodeDataFrame)).toEqual(record)
        })
        const control = refusal(() => {
          expect(encode(decodeControlRecord(record), encodeControlFrame)).toEqual(record)
        })
        expect([undefined, 'invalid']).toContain(data)
        expect([undefined, 'invalid']).toContain(control)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    [{ kind: 'open', stream: 1, header: utf8('{}') }, '0101027b7d'],
    [{ kind: 'answer', stream: 64, header: utf8('{}') }, '024040027b7d'],
    [{ kind: 'data', stream: 3, endOfMessage: true, bytes: utf8('hi') }, '030301026869'],
    [{ kind: 'end', stream: 16_384 }, '0480004000'],
    [{ kind: 'reset', stream: 2, code: 8, detail: new Uint8Array(0) }, '05020800'],
    [{ kind: 'cancel', stream: 5 }, '0605'],
    [{ kind: 'session-probe', nonce: 1, index: 0xaabbccdd }, '0700000001aabbccdd'],
    [{ kind: 'session-status', nonce: 1, alive: true }, '080000000101'],
  ] as [DataFrame, string][])('with data frame %o is these bytes', (frame, hex) => {
    expect(toHex(encode([frame], encodeDataFrame))).toBe(hex)
    expect(decodeDataRecord(fromHex(hex))).toEqual([frame])
  })

  test.each([
    [{ kind: 'ack', cumulative: 7, ranges: [] }, '200700'],
    [{ kind: 'ack', cumulative: 7, ranges: [{ start: 9, end: 12 }] }, '2007010203'],
    [
      { kind: 'credit', session: 81_920, streams: [{ stream: 1, limit: 131_072 }] },
      '2180014000010180020000',
    ],
    [{ kind: 'blocked', streams: [1, 3] }, '22020103'],
    [{ kind: 'ping', token: 258 }, '2300000102'],
    [{ kind: 'pong', token: 258 }, '2400000102'],
    [{ kind: 'link-changed' }, '25'],
    [{ kind: 'goodbye' }, '28'],
  ] as [ControlFrame, string][])('with control frame %o is these bytes', (frame, hex) => {
    expect(toHex(encode([frame], encodeControlFrame))).toBe(hex)
    expect(decodeControlRecord(fromHex(hex))).toEqual([frame])
  })

  test.each([
    ['an unknown type', '63'],
    ['a control frame among data', '200700'],
    ['a stream number in a longer form', '044001'],
    ['flags that mean nothing', '03010200'],
    ['a length beyond the end', '0101057b7d'],
    ['a detail that is too long', `050108${'5001'}${'00'.repeat(0x1001)}`],
  ])('of the data space with %s is refused', (_, hex) => {
    expect(refusal(() => decodeDataRecord(fromHex(hex)))).toBe('invalid')
  })

  test.each([
    ['a reserved type', '26'],
    ['an empty range', '2007010200'],
    ['ranges that touch', '2007010003'],
    ['a count beyond the end', '2280ffffff'],
  ])('of the control space with %s is refused', (_, hex) => {
    expect(refusal(() => decodeControlRecord(fromHex(hex)))).toBe('invalid')
  })
})
