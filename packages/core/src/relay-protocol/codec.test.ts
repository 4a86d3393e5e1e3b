import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../bytes.js'
import { isMeshError } from '../errors.js'
import { relayFrames } from '../testing/relay-frames.js'
import { decodeClientFrame, decodeFrame, decodeRelayFrame, encodeFrame } from './codec.js'
import { type Frame, frameType, noAdmission, rewriteSend } from './frames.js'

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const document = () => Uint8Array.from([0, 2, ...utf8('{}'), ...filled(64, 0xdd)])

/** The examples of docs/protocol.md §3. */
const examples: readonly { frame: Frame; hex: string }[] = [
  {
    frame: {
      kind: 'challenge',
      nonce: filled(32, 0x11),
      maxPacket: 65_535,
      maxFramesPerSecond: 2_000,
      heartbeatMs: 15_000,
    },
    hex: `01${'11'.repeat(32)}0000ffff000007d000003a98`,
  },
  {
    frame: {
      kind: 'login',
      agent: filled(32, 0xaa),
      clientNonce: filled(32, 0x22),
      instance: filled(16, 0x33),
      origin: 'ws://a:1',
      admission: document(),
      signature: filled(64, 0xee),
    },
    hex: `02${'aa'.repeat(32)}${'22'.repeat(32)}${'33'.repeat(16)}000877733a2f2f613a3100027b7d${'dd'.repeat(64)}${'ee'.repeat(64)}`,
  },
  {
    frame: { kind: 'welcome', epoch: 1_764_000_000_000_000, serverTimeMs: 1_764_000_000_000 },
    hex: '0300064459416240000000019ab697e800',
  },
  { frame: { kind: 'refused', code: 'busy', retryAfterMs: 1_000 }, hex: '0404000003e8' },
  {
    frame: { kind: 'send', to: filled(32, 0xbb), packet: Uint8Array.of(4, 0, 0, 0) },
    hex: `05${'bb'.repeat(32)}04000000`,
  },
  {
    frame: { kind: 'packet', from: filled(32, 0xaa), packet: Uint8Array.of(4, 0, 0, 0) },
    hex: `06${'aa'.repeat(32)}04000000`,
  },
  {
    frame: {
      kind: 'undeliverable',
      to: filled(32, 0xbb),
      reason: 'congested',
      first: 258,
      count: 3,
      retryAfterMs: 100,
    },
    hex: `07${'bb'.repeat(32)}0300000000000001020000000300000064`,
  },
  { frame: { kind: 'throttled', ms: 250 }, hex: '08000000fa' },
  {
    frame: { kind: 'draining', ms: 5_000, relays: ['ws://b'] },
    hex: '0900001388010006' + '77733a2f2f62',
  },
  { frame: { kind: 'replaced' }, hex: '0a' },
  { frame: { kind: 'ping', token: 0x0102030405060708n }, hex: '0b0102030405060708' },
  { frame: { kind: 'pong', token: 0x0102030405060708n }, hex: '0c0102030405060708' },
  { frame: { kind: 'renew', admission: document() }, hex: `0d00027b7d${'dd'.repeat(64)}` },
]

function refusal(bytes: Uint8Array): string {
  try {
    decodeFrame(bytes)
    return 'accepted'
  } catch (error) {
    if (!isMeshError(error) || error.code !== 'invalid') throw error
    return error.message
  }
}

describe('relay frames', () => {
  it.each(examples)('has the bytes of the protocol page for $frame.kind', ({ frame, hex }) => {
    expect(toHex(encodeFrame(frame))).toBe(hex)
    expect(decodeFrame(fromHex(hex))).toEqual(frame)
  })

  it('has the protocol page tell the same bytes', () => {
    const page = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8')
    const [, told = ''] = /^Examples: `challenge`([\s\S]*?)\n\n/m.exec(page) ?? []
    const hexes = [...`\`challenge\`${told}`.matchAll(/`([0-9a-f]{2,})`(?:×(\d+))?/g)]
    const all = hexes.map(([, hex = '', times = '1']) => hex.repeat(Number(times))).join(' ')
    const known = ['challenge', 'welcome', 'refused', 'undeliverable', 'throttled', 'draining']
    for (const { frame, hex } of examples) {
      if (![...known, 'replaced', 'ping', 'renew'].includes(frame.kind)) continue
      expect(all.replaceAll(' ', ''), frame.kind).toContain(hex)
    }
  })

  it('gives every type of the list an example', () => {
    expect(examples.map(({ frame }) => frameType[frame.kind])).toEqual(Object.values(frameType))
  })

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(relayFrames, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
      }),
    )
  })

  it('answers arbitrary bytes with a frame that encodes to them, or with a typed refusal', () => {
    const bytes = fc.tuple(fc.integer({ min: 0, max: 15 }), fc.uint8Array({ maxLength: 300 }))
    fc.assert(
      fc.property(bytes, ([type, rest]) => {
        const input = Uint8Array.from([type, ...rest])
        if (refusal(input) === 'accepted') expect(encodeFrame(decodeFrame(input))).toEqual(input)
      }),
    )
  })

  it.each(examples)('refuses $frame.kind cut short anywhere', ({ frame, hex }) => {
    // A packet may have any length, so only its prefix can be cut.
    const open = frame.kind === 'send' || frame.kind === 'packet'
    const whole = open ? 33 : hex.length / 2
    for (let length = 0; length < whole; length++) {
      expect(refusal(fromHex(hex).subarray(0, length))).toMatch(/cut short/)
    }
  })

  it.each(examples.filter(({ frame }) => !['send', 'packet'].includes(frame.kind)))(
    'refuses $frame.kind with a byte left over',
    ({ hex }) => {
      expect(refusal(fromHex(`${hex}00`))).toMatch(/left over/)
    },
  )

  it('names the field and the offset of what it refuses', () => {
    expect(refusal(Uint8Array.of(99))).toMatch(/type 99 is unknown \(offset 0\)/)
    expect(refusal(fromHex('0409000003e8'))).toMatch(/code 9 is unknown \(offset 1\)/)
    expect(refusal(new Uint8Array(0))).toMatch(/type is cut short/)
  })

  it('refuses an admission beyond 4 KiB from its length alone', () => {
    const frame = Uint8Array.from([frameType.renew, 0x10, 0x01])
    expect(refusal(frame)).toMatch(/admission is longer than 4096 bytes/)
  })

  it('refuses an epoch that no number holds', () => {
    expect(refusal(fromHex(`03ffffffffffffffff${'00'.repeat(8)}`))).toMatch(/epoch is too large/)
  })

  it('refuses to encode what does not fit the layout', () => {
    const send = { kind: 'send', packet: new Uint8Array(0) } as const
    expect(() => encodeFrame({ ...send, to: filled(31, 1) })).toThrow(/to has 31 bytes/)
    expect(() => encodeFrame({ kind: 'throttled', ms: 2 ** 32 })).toThrow(/does not fit/)
    expect(() => encodeFrame({ kind: 'renew', admission: new Uint8Array(10) })).toThrow(/admission/)
  })

  it('takes the empty admission', () => {
    const frame: Frame = { kind: 'renew', admission: noAdmission }
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
  })

  it('knows which side may send what', () => {
    const client = ['login', 'send', 'ping', 'pong', 'renew']
    for (const { frame, hex } of examples) {
      const bytes = fromHex(hex)
      const fromClient = client.includes(frame.kind)
      const both = frame.kind === 'ping' || frame.kind === 'pong'
      if (fromClient) expect(decodeClientFrame(bytes)).toEqual(frame)
      else expect(() => decodeClientFrame(bytes)).toThrow(/must not send/)
      if (!fromClient || both) expect(decodeRelayFrame(bytes)).toEqual(frame)
      else expect(() => decodeRelayFrame(bytes)).toThrow(/must not send/)
    }
  })

  it('turns a send into the packet of its receiver in the same bytes', () => {
    const packet = Uint8Array.of(1, 2, 3)
    const bytes = encodeFrame({ kind: 'send', to: filled(32, 0xbb), packet })
    rewriteSend(bytes, filled(32, 0xaa))
    expect(decodeFrame(bytes)).toEqual({ kind: 'packet', from: filled(32, 0xaa), packet })
  })
})
