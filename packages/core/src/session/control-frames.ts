import { Reader, varintLength } from '../reader.js'
import type { Writer } from '../writer.js'

// The frames of the control space (docs/protocol.md §4.2). Never resent: whatever they say is
// absolute, so the newest wins and a lost one is made good by the next.
//
//   32 ack            cumulative varint ‖ count varint ‖ count × (gap varint ‖ run varint)
//   33 credit         session limit varint ‖ count varint ‖ count × (stream varint ‖ limit varint)
//   34 blocked        count varint ‖ count × stream varint
//   35 ping           u32
//   36 pong           u32
//   37 link-changed   –
//   40 goodbye        –
//
// 38 (link-signal) and 39 (link-probe) are reserved and refused like any unknown type.

const controlFrameTypes = {
  ack: 32,
  credit: 33,
  blocked: 34,
  ping: 35,
  pong: 36,
  'link-changed': 37,
  goodbye: 40,
} as const

/** Counters from `start` up to but not including `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface StreamLimit {
  readonly stream: number
  readonly limit: number
}

export type ControlFrame =
  | { readonly kind: 'ack'; readonly cumulative: number; readonly ranges: readonly Range[] }
  | { readonly kind: 'credit'; readonly session: number; readonly streams: readonly StreamLimit[] }
  | { readonly kind: 'blocked'; readonly streams: readonly number[] }
  | { readonly kind: 'ping' | 'pong'; readonly token: number }
  | { readonly kind: 'link-changed' | 'goodbye' }

export function controlFrameLength(frame: ControlFrame): number {
  switch (frame.kind) {
    case 'ack': {
      let length = 1 + varintLength(frame.cumulative) + varintLength(frame.ranges.length)
      let at = frame.cumulative
      for (const { start, end } of frame.ranges) {
        length += varintLength(start - at) + varintLength(end - start)
        at = end
      }
      return length
    }
    case 'credit': {
      let length = 1 + varintLength(frame.session) + varintLength(frame.streams.length)
      for (const { stream, limit } of frame.streams) {
        length += varintLength(stream) + varintLength(limit)
      }
      return length
    }
    case 'blocked':
      return frame.streams.reduce(
        (length, stream) => length + varintLength(stream),
        1 + varintLength(frame.streams.length),
      )
    case 'ping':
    case 'pong':
      return 5
    case 'link-changed':
    case 'goodbye':
      return 1
  }
}

export function encodeControlFrame(writer: Writer, frame: ControlFrame): void {
  writer.u8(controlFrameTypes[frame.kind])
  switch (frame.kind) {
    case 'ack': {
      writer.varint(frame.cumulative).varint(frame.ranges.length)
      let at = frame.cumulative
      for (const { start, end } of frame.ranges) {
        writer.varint(start - at).varint(end - start)
        at = end
      }
      return
    }
    case 'credit':
      writer.varint(frame.session).varint(frame.streams.length)
      for (const { stream, limit } of frame.streams) writer.varint(stream).varint(limit)
      return
    case 'blocked':
      writer.varint(frame.streams.length)
      for (const stream of frame.streams) writer.varint(stream)
      return
    case 'ping':
    case 'pong':
      writer.u32(frame.token)
      return
    case 'link-changed':
    case 'goodbye':
      return
  }
}

/** All frames of a record; throws 'invalid' unless every byte is accounted for. */
export function decodeControlRecord(record: Uint8Array): ControlFrame[] {
  const reader = new Reader(record, 'control record')
  const frames: ControlFrame[] = []
  while (reader.remaining > 0) frames.push(decodeFrame(reader))
  return frames
}

function decodeFrame(reader: Reader): ControlFrame {
  const type = reader.u8('type')
  switch (type) {
    case controlFrameTypes.ack:
      return decodeAck(reader)
    case controlFrameTypes.credit: {
      const session = reader.varint('session limit')
      const streams = list(reader, () => ({
        stream: reader.varint('stream'),
        limit: reader.varint('limit'),
      }))
      return { kind: 'credit', session, streams }
    }
    case controlFrameTypes.blocked:
      return { kind: 'blocked', streams: list(reader, () => reader.varint('stream')) }
    case controlFrameTypes.ping:
      return { kind: 'ping', token: reader.u32('token') }
    case controlFrameTypes.pong:
      return { kind: 'pong', token: reader.u32('token') }
    case controlFrameTypes['link-changed']:
      return { kind: 'link-changed' }
    case controlFrameTypes.goodbye:
      return { kind: 'goodbye' }
    default:
      throw reader.invalid('type', `${type} is not one of the control space`)
  }
}

function decodeAck(reader: Reader): ControlFrame {
  const cumulative = reader.varint('cumulative')
  let at = cumulative
  const ranges = list(reader, () => {
    const gap = reader.varint('gap')
    const run = reader.varint('run')
    // Adjacent or empty ranges would be a second spelling of the same thing.
    if (gap === 0 || run === 0) throw reader.invalid('range', 'is empty')
    const start = at + gap
    at = start + run
    if (at > Number.MAX_SAFE_INTEGER) throw reader.invalid('range', 'is too large')
    return { start, end: at }
  })
  return { kind: 'ack', cumulative, ranges }
}

function list<T>(reader: Reader, item: () => T): T[] {
  const count = reader.varint('count')
  // Every item takes a byte at least: a count beyond the record is refused before it costs anything.
  if (count > reader.remaining) throw reader.invalid('count', 'is beyond the end')
  return Array.from({ length: count }, item)
}
