// Reads the messages of a recorded WebSocket connection (RFC 6455 §5.2). What a client sends is
// masked with four random bytes, so a search in the raw bytes would find nothing in any case.
import type { Recording } from './recording.js'

export interface RecordedMessages {
  readonly up: readonly Buffer[]
  readonly down: readonly Buffer[]
}

/** The payloads of all data frames; undefined when the connection was no WebSocket. */
export function websocketMessages(recording: Recording): RecordedMessages | undefined {
  const up = afterHead(recording.up)
  const down = afterHead(recording.down)
  if (up === undefined || down === undefined) return undefined
  if (!/\r\nupgrade: websocket\r\n/i.test(up.head)) return undefined
  if (!/^HTTP\/1\.1 101 /.test(down.head)) return undefined
  return { up: messagesOf(up.rest), down: messagesOf(down.rest) }
}

function afterHead(bytes: Buffer): { head: string; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  return { head: bytes.toString('latin1', 0, end + 2), rest: bytes.subarray(end + 4) }
}

/** A message in several frames comes out as one; a frame that was cut off is left out. */
function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = []
  let open: Buffer[] = []
  for (let at = 0; ; ) {
    const frame = readFrame(bytes, at)
    if (frame === undefined) return messages
    at = frame.end
    // Opcodes of 8 and above are control frames: ping, pong, close.
    if (frame.opcode >= 8) continue
    open.push(frame.payload)
    if (!frame.isFinal) continue
    messages.push(Buffer.concat(open))
    open = []
  }
}

interface Frame {
  readonly opcode: number
  readonly isFinal: boolean
  readonly payload: Buffer
  readonly end: number
}

function readFrame(bytes: Buffer, start: number): Frame | undefined {
  const first = bytes[start]
  const second = bytes[start + 1]
  if (first === undefined || second === undefined) return undefined
  const short = second & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const maskAt = start + 2 + lengthBytes
  const payloadAt = maskAt + (second & 0x80 ? 4 : 0)
  if (payloadAt > bytes.length) return undefined
  const length =
    lengthBytes === 0
      ? short
      : lengthBytes === 2
        ? bytes.readUInt16BE(start + 2)
        : Number(bytes.readBigUInt64BE(start + 2))
  const end = payloadAt + length
  if (end > bytes.length) return undefined
  const payload = Buffer.from(bytes.subarray(payloadAt, end))
  const mask = bytes.subarray(maskAt, payloadAt)
  for (let at = 0; mask.length === 4 && at < payload.length; at++) {
    payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0)
  }
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload, end }
}
