import { maxPacketBytes } from '../limits.js'

// docs/protocol.md §4. Every packet begins with the same 16 bytes:
//
//   kind u8 ‖ zero u8×3 ‖ index u32 ‖ counter u64
//
//   1 handshake1   index 0                 counter: sender's index
//   2 handshake2   receiver's index        counter: sender's index
//   3 handshake3   receiver's index        counter: sender's index
//   4 sealed       receiver's index        counter: packet number; top bit: control space
//   5 no-session   the unknown index       the counter that was seen; nothing follows

/** Each at the place of its number. */
const kinds = ['', 'handshake1', 'handshake2', 'handshake3', 'sealed', 'noSession'] as const

export type PacketKind = Exclude<(typeof kinds)[number], ''>

/** Data packets are numbered for resending; control packets are never resent, the newest wins. */
export type Space = 'data' | 'control'

export interface PacketHeader {
  readonly kind: PacketKind
  readonly index: number
  /** The counter without its top bit; below 2^53. */
  readonly number: number
  /** Whether the counter's top bit is set. */
  readonly space: Space
}

export const headerBytes = 16
const high = 0x1_0000_0000
const topBit = 0x8000_0000

/** The first 16 bytes of a packet. */
export function encodePacketHeader(header: PacketHeader): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  writePacketHeader(bytes, header)
  return bytes
}

export function writePacketHeader(bytes: Uint8Array, header: PacketHeader): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  view.setUint32(0, kinds.indexOf(header.kind) * 0x100_0000)
  view.setUint32(4, header.index)
  const upper = Math.floor(header.number / high)
  view.setUint32(8, header.space === 'control' ? upper + topBit : upper)
  view.setUint32(12, header.number % high)
}

/** Undefined for what is no packet of ours: nobody answers garbage. */
export function decodePacketHeader(packet: Uint8Array): PacketHeader | undefined {
  if (packet.length < headerBytes || packet.length > maxPacketBytes) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset, headerBytes)
  const first = view.getUint32(0)
  const kind = kinds[first >>> 24]
  if (!kind || (first & 0xff_ffff) !== 0) return undefined
  if (kind === 'noSession' && packet.length !== headerBytes) return undefined
  const index = view.getUint32(4)
  if ((kind === 'handshake1') !== (index === 0)) return undefined
  const upper = view.getUint32(8)
  const isControl = upper >= topBit
  const number = (isControl ? upper - topBit : upper) * high + view.getUint32(12)
  if (number > Number.MAX_SAFE_INTEGER) return undefined
  // A handshake's counter is an index: 32 bits, never 0.
  const isHandshake = kind !== 'sealed' && kind !== 'noSession'
  if (isHandshake && (upper !== 0 || number === 0)) return undefined
  return { kind, index, number, space: isControl ? 'control' : 'data' }
}
