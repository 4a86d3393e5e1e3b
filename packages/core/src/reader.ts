import { fromUtf8 } from './bytes.js'
import { MeshError } from './errors.js'

/**
 * Reads a frame from front to back. Everything is checked against the end of the frame; whatever
 * does not fit throws MeshError 'invalid' naming the frame, the field and the offset.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #offset = 0

  /** `what` names the frame in errors, for instance 'login frame'. The bytes are not copied. */
  constructor(bytes: Uint8Array, what = 'frame') {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field))
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field))
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field))
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field))
  }

  /** A u64 that must fit in a safe integer (below 2^53). */
  u53(field: string): number {
    const start = this.#offset
    const high = this.u32(field)
    const low = this.u32(field)
    if (high > 0x1f_ffff) throw this.invalid(field, 'is too large', start)
    return high * 0x1_0000_0000 + low
  }

  /** QUIC varint (RFC 9000 §16) in its shortest form, below 2^53. */
  varint(field: string): number {
    const start = this.#offset
    const first = this.u8(field)
    const length = 1 << (first >> 6)
    let value = first & 0x3f
    if (length > 1) {
      this.#take(length - 1, field)
      for (let i = start + 1; i < start + length; i++) {
        value = value * 256 + (this.#bytes[i] as number)
      }
    }
    if (value > Number.MAX_SAFE_INTEGER) throw this.invalid(field, 'is too large', start)
    if (varintLength(value) !== length)
      throw this.invalid(field, 'is not in its shortest form', start)
    return value
  }

  /** The next `length` bytes, as a view of the frame. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#take(length, field)
    return this.#bytes.subarray(start, start + length)
  }

  /** All that is left, as a view of the frame. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest')
  }

  /** The next `length` bytes as strict UTF-8. */
  text(length: number, field: string): string {
    return fromUtf8(this.bytes(length, field), `${this.#what}: ${field}`)
  }

  /** To be called after the last field: a frame with bytes left over is refused. */
  end(): void {
    if (this.remaining > 0) {
      throw this.invalid('end', `has ${this.remaining} bytes left over`, this.#offset)
    }
  }

  /** The error for a field whose value is refused; for the codecs built on this reader. */
  invalid(field: string, problem: string, offset: number = this.#offset): MeshError {
    return new MeshError('invalid', `${this.#what}: ${field} ${problem} (offset ${offset})`, {
      details: { field, offset },
    })
  }

  #take(length: number, field: string): number {
    const start = this.#offset
    if (length > this.#bytes.length - start) throw this.invalid(field, 'is cut short', start)
    this.#offset = start + length
    return start
  }
}

/** How many bytes `value` takes as a varint: 1, 2, 4 or 8. */
export function varintLength(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1
  if (value < 0x4000) return 2
  return value < 0x4000_0000 ? 4 : 8
}
