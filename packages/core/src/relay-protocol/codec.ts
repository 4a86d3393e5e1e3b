import { utf8 } from '../bytes.js'
import { MeshError } from '../errors.js'
import { maxAdmissionBytes, maxOriginLength, maxUrlLength } from '../limits.js'
import { Reader } from '../reader.js'
import { Writer } from '../writer.js'
import {
  type ClientFrame,
  type Frame,
  frameType,
  type RelayFrame,
  refusalCode,
  undeliverableReason,
} from './frames.js'

const idBytes = 32
const nonceBytes = 32
const instanceBytes = 16
const signatureBytes = 64

/** A frame from a client. @throws MeshError `invalid`, naming field and offset. */
export function decodeClientFrame(bytes: Uint8Array): ClientFrame {
  const frame = decodeFrame(bytes)
  switch (frame.kind) {
    case 'login':
    case 'send':
    case 'ping':
    case 'pong':
    case 'renew':
      return frame
    default:
      throw new MeshError('invalid', `a client must not send a ${frame.kind} frame`)
  }
}

/** A frame from a relay. @throws MeshError `invalid`, naming field and offset. */
export function decodeRelayFrame(bytes: Uint8Array): RelayFrame {
  const frame = decodeFrame(bytes)
  switch (frame.kind) {
    case 'login':
    case 'send':
    case 'renew':
      throw new MeshError('invalid', `a relay must not send a ${frame.kind} frame`)
    default:
      return frame
  }
}

/** Byte fields of the result are views into `bytes`. @throws MeshError `invalid`. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new Reader(bytes, 'relay frame')
  const frame = decodeBody(reader.u8('type'), reader)
  reader.end()
  return frame
}

function decodeBody(type: number, r: Reader): Frame {
  switch (type) {
    case frameType.challenge:
      return {
        kind: 'challenge',
        nonce: r.bytes(nonceBytes, 'nonce'),
        maxPacket: r.u32('maxPacket'),
        maxFramesPerSecond: r.u32('maxFramesPerSecond'),
        heartbeatMs: r.u32('heartbeatMs'),
      }
    case frameType.login:
      return {
        kind: 'login',
        agent: r.bytes(idBytes, 'agent'),
        clientNonce: r.bytes(nonceBytes, 'clientNonce'),
        instance: r.bytes(instanceBytes, 'instance'),
        origin: text16(r, 'origin', maxOriginLength),
        admission: readAdmission(r),
        signature: r.bytes(signatureBytes, 'signature'),
      }
    case frameType.welcome:
      return {
        kind: 'welcome',
        epoch: r.u53('epoch'),
        serverTimeMs: r.u53('serverTimeMs'),
      }
    case frameType.refused:
      return {
        kind: 'refused',
        code: named(r, refusalCode, 'code'),
        retryAfterMs: r.u32('retryAfterMs'),
      }
    case frameType.send:
      return { kind: 'send', to: r.bytes(idBytes, 'to'), packet: r.rest() }
    case frameType.packet:
      return { kind: 'packet', from: r.bytes(idBytes, 'from'), packet: r.rest() }
    case frameType.undeliverable:
      return {
        kind: 'undeliverable',
        to: r.bytes(idBytes, 'to'),
        reason: named(r, undeliverableReason, 'reason'),
        first: r.u53('first'),
        count: r.u32('count'),
        retryAfterMs: r.u32('retryAfterMs'),
      }
    case frameType.throttled:
      return { kind: 'throttled', ms: r.u32('ms') }
    case frameType.draining: {
      const ms = r.u32('ms')
      const count = r.u8('count')
      const relays: string[] = []
      for (let i = 0; i < count; i++) relays.push(text16(r, 'relay url', maxUrlLength))
      return { kind: 'draining', ms, relays }
    }
    case frameType.replaced:
      return { kind: 'replaced' }
    case frameType.ping:
      return { kind: 'ping', token: r.u64('token') }
    case frameType.pong:
      return { kind: 'pong', token: r.u64('token') }
    case frameType.renew:
      return { kind: 'renew', admission: readAdmission(r) }
    default:
      throw r.invalid('type', `${type} is unknown`, 0)
  }
}

/** @throws MeshError `invalid` when a field does not fit its layout. */
export function encodeFrame(frame: Frame): Uint8Array {
  const w = new Writer(capacityOf(frame)).u8(frameType[frame.kind])
  switch (frame.kind) {
    case 'challenge':
      w.bytes(sized(frame.nonce, nonceBytes, 'nonce'))
      w.u32(frame.maxPacket).u32(frame.maxFramesPerSecond).u32(frame.heartbeatMs)
      break
    case 'login':
      w.bytes(sized(frame.agent, idBytes, 'agent'))
      w.bytes(sized(frame.clientNonce, nonceBytes, 'clientNonce'))
      w.bytes(sized(frame.instance, instanceBytes, 'instance'))
      writeText(w, frame.origin, 'origin', maxOriginLength)
      writeAdmission(w, frame.admission)
      w.bytes(sized(frame.signature, signatureBytes, 'signature'))
      break
    case 'welcome':
      w.u64(frame.epoch).u64(frame.serverTimeMs)
      break
    case 'refused':
      w.u8(refusalCode[frame.code]).u32(frame.retryAfterMs)
      break
    case 'send':
      w.bytes(sized(frame.to, idBytes, 'to')).bytes(frame.packet)
      break
    case 'packet':
      w.bytes(sized(frame.from, idBytes, 'from')).bytes(frame.packet)
      break
    case 'undeliverable':
      w.bytes(sized(frame.to, idBytes, 'to')).u8(undeliverableReason[frame.reason])
      w.u64(frame.first).u32(frame.count).u32(frame.retryAfterMs)
      break
    case 'throttled':
      w.u32(frame.ms)
      break
    case 'draining':
      w.u32(frame.ms).u8(frame.relays.length)
      for (const url of frame.relays) writeText(w, url, 'relay url', maxUrlLength)
      break
    case 'replaced':
      break
    case 'ping':
    case 'pong':
      w.u64(frame.token)
      break
    case 'renew':
      writeAdmission(w, frame.admission)
      break
  }
  return w.finish()
}

function capacityOf(frame: Frame): number {
  switch (frame.kind) {
    case 'send':
    case 'packet':
      return 1 + idBytes + frame.packet.length
    case 'login':
      return 512 + frame.admission.length
    default:
      return 64
  }
}

/** The name of the number that comes next. */
function named<Name extends string>(
  r: Reader,
  numbers: Readonly<Record<Name, number>>,
  field: string,
): Name {
  const offset = r.offset
  const number = r.u8(field)
  for (const name in numbers) if (numbers[name] === number) return name
  throw r.invalid(field, `${number} is unknown`, offset)
}

function text16(r: Reader, field: string, maxBytes: number): string {
  const offset = r.offset
  const length = r.u16(`${field} length`)
  if (length > maxBytes) throw r.invalid(field, `is longer than ${maxBytes} bytes`, offset)
  return r.text(length, field)
}

function writeText(w: Writer, text: string, field: string, maxBytes: number): void {
  const bytes = utf8(text)
  if (bytes.length > maxBytes) {
    throw new MeshError('invalid', `${field} is longer than ${maxBytes} bytes`)
  }
  w.u16(bytes.length).bytes(bytes)
}

/** The signed document as it stands, its length included (docs/protocol.md §2). */
function readAdmission(r: Reader): Uint8Array {
  const offset = r.offset
  const head = r.bytes(2, 'admission length')
  const length = lengthOfAdmission(head)
  if (length > maxAdmissionBytes) {
    throw r.invalid('admission', `is longer than ${maxAdmissionBytes} bytes`, offset)
  }
  const body = r.bytes(length + signatureBytes, 'admission')
  return new Uint8Array(head.buffer, head.byteOffset, head.length + body.length)
}

function writeAdmission(w: Writer, admission: Uint8Array): void {
  const length = admission.length < 2 ? 0 : lengthOfAdmission(admission)
  if (admission.length !== 2 + length + signatureBytes || length > maxAdmissionBytes) {
    throw new MeshError('invalid', 'the admission is not a signed document in its binary form')
  }
  w.bytes(admission)
}

function lengthOfAdmission(bytes: Uint8Array): number {
  return ((bytes[0] as number) << 8) | (bytes[1] as number)
}

function sized(bytes: Uint8Array, length: number, field: string): Uint8Array {
  if (bytes.length === length) return bytes
  throw new MeshError('invalid', `${field} has ${bytes.length} bytes instead of ${length}`)
}
