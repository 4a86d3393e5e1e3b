import { Reader, varintLength } from '../reader.js'
import type { Writer } from '../writer.js'
import { maxDetailBytes, maxHeaderBytes } from './limits.js'

// The frames of the data space (docs/protocol.md §4.2). A record is one or more of them:
//
//   1 open     stream varint ‖ length varint ‖ call header
//   2 answer   stream varint ‖ length varint ‖ answer header
//   3 data     stream varint ‖ flags u8 (bit 0: last of a message) ‖ length varint ‖ bytes
//   4 end      stream varint
//   5 reset    stream varint ‖ code u8 ‖ length varint ‖ detail
//   6 cancel   stream varint
//   7 session-probe    nonce u32 ‖ index u32
//   8 session-status   nonce u32 ‖ alive u8

const dataFrameTypes = {
  open: 1,
  answer: 2,
  data: 3,
  end: 4,
  reset: 5,
  cancel: 6,
  'session-probe': 7,
  'session-status': 8,
} as const

export type DataFrame =
  | { readonly kind: 'open'; readonly stream: number; readonly header: Uint8Array }
  | { readonly kind: 'answer'; readonly stream: number; readonly header: Uint8Array }
  | {
      readonly kind: 'data'
      readonly stream: number
      readonly endOfMessage: boolean
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'end'; readonly stream: number }
  | {
      readonly kind: 'reset'
      readonly stream: number
      readonly code: number
      readonly detail: Uint8Array
    }
  | { readonly kind: 'cancel'; readonly stream: number }
  | { readonly kind: 'session-probe'; readonly nonce: number; readonly index: number }
  | { readonly kind: 'session-status'; readonly nonce: number; readonly alive: boolean }

/** What a data frame takes besides its bytes: type, stream, flags, length. */
export function dataFrameOverhead(stream: number, length: number): number {
  return 2 + varintLength(stream) + varintLength(length)
}

export function dataFrameLength(frame: DataFrame): number {
  switch (frame.kind) {
    case 'open':
    case 'answer':
      return 1 + varintLength(frame.stream) + counted(frame.header)
    case 'data':
      return dataFrameOverhead(frame.stream, frame.bytes.length) + frame.bytes.length
    case 'end':
    case 'cancel':
      return 1 + varintLength(frame.stream)
    case 'reset':
      return 2 + varintLength(frame.stream) + counted(frame.detail)
    case 'session-probe':
      return 9
    case 'session-status':
      return 6
  }
}

export function encodeDataFrame(writer: Writer, frame: DataFrame): void {
  writer.u8(dataFrameTypes[frame.kind])
  switch (frame.kind) {
    case 'open':
    case 'answer':
      writer.varint(frame.stream).varint(frame.header.length).bytes(frame.header)
      return
    case 'data':
      writer.varint(frame.stream).u8(frame.endOfMessage ? 1 : 0)
      writer.varint(frame.bytes.length).bytes(frame.bytes)
      return
    case 'end':
    case 'cancel':
      writer.varint(frame.stream)
      return
    case 'reset':
      writer.varint(frame.stream).u8(frame.code)
      writer.varint(frame.detail.length).bytes(frame.detail)
      return
    case 'session-probe':
      writer.u32(frame.nonce).u32(frame.index)
      return
    case 'session-status':
      writer.u32(frame.nonce).u8(frame.alive ? 1 : 0)
  }
}

/** All frames of a record, as views of it; throws 'invalid' unless every byte is accounted for. */
export function decodeDataRecord(record: Uint8Array): DataFrame[] {
  const reader = new Reader(record, 'record')
  const frames: DataFrame[] = []
  while (reader.remaining > 0) frames.push(decodeFrame(reader))
  return frames
}

function decodeFrame(reader: Reader): DataFrame {
  const type = reader.u8('type')
  switch (type) {
    case dataFrameTypes.open:
    case dataFrameTypes.answer: {
      const kind = type === dataFrameTypes.open ? 'open' : 'answer'
      const stream = reader.varint('stream')
      return { kind, stream, header: sized(reader, maxHeaderBytes, 'header') }
    }
    case dataFrameTypes.data: {
      const stream = reader.varint('stream')
      const endOfMessage = flag(reader, 'flags')
      return { kind: 'data', stream, endOfMessage, bytes: sized(reader, reader.remaining, 'bytes') }
    }
    case dataFrameTypes.end:
      return { kind: 'end', stream: reader.varint('stream') }
    case dataFrameTypes.reset: {
      const stream = reader.varint('stream')
      const code = reader.u8('code')
      return { kind: 'reset', stream, code, detail: sized(reader, maxDetailBytes, 'detail') }
    }
    case dataFrameTypes.cancel:
      return { kind: 'cancel', stream: reader.varint('stream') }
    case dataFrameTypes['session-probe']:
      return { kind: 'session-probe', nonce: reader.u32('nonce'), index: reader.u32('index') }
    case dataFrameTypes['session-status']:
      return { kind: 'session-status', nonce: reader.u32('nonce'), alive: flag(reader, 'alive') }
    default:
      throw reader.invalid('type', `${type} is not one of the data space`)
  }
}

function counted(bytes: Uint8Array): number {
  return varintLength(bytes.length) + bytes.length
}

function sized(reader: Reader, max: number, field: string): Uint8Array {
  const length = reader.varint(`${field} length`)
  if (length > max) throw reader.invalid(field, `has ${length} bytes, more than ${max}`)
  return reader.bytes(length, field)
}

function flag(reader: Reader, field: string): boolean {
  const value = reader.u8(field)
  if (value > 1) throw reader.invalid(field, `is ${value}, neither 0 nor 1`)
  return value === 1
}
