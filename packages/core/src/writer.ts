import { utf8 } from './bytes.js'
import { MeshError } from './errors.js'
import { varintLength } from './reader.js'

/** Builds a frame from front to back, growing as needed. A number out of range throws 'invalid'. */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  /** `capacity` is a guess at the size in bytes; a good one saves copying. */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    inRange(value, 0xff)
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    inRange(value, 0xffff)
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
    return this
  }

  u32(value: number): this {
    inRange(value, 0xffff_ffff)
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
    return this
  }

  /** A u64; a number must be a safe integer. */
  u64(value: bigint | number): this {
    if (typeof value === 'number') inRange(value, Number.MAX_SAFE_INTEGER)
    else if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw outOfRange(value)
    const at = this.#grow(8)
    this.#view.setBigUint64(at, BigInt(value))
    return this
  }

  /** QUIC varint (RFC 9000 §16) in its shortest form; a safe integer. */
  varint(value: number): this {
    inRange(value, Number.MAX_SAFE_INTEGER)
    const length = varintLength(value)
    const at = this.#grow(length)
    let rest = value
    for (let i = at + length - 1; i > at; i--) {
      this.#bytes[i] = rest % 256
      rest = Math.floor(rest / 256)
    }
    this.#bytes[at] = rest | (Math.log2(length) << 6)
    return this
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** The UTF-8 of `text`, without a length before it. */
  text(text: string): this {
    return this.bytes(utf8(text))
  }

  /** `u16 length ‖ UTF-8`. */
  text16(text: string): this {
    const bytes = utf8(text)
    return this.u16(bytes.length).bytes(bytes)
  }

  /** What was written. The writer is not to be used afterwards: the bytes are not copied. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}

function inRange(value: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > maximum) throw outOfRange(value)
}

function outOfRange(value: number | bigint): MeshError {
  return new MeshError('invalid', `${value} does not fit its field`)
}
