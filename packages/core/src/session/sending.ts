import type { Chunk } from './effects.js'
import { frameCostBytes, streamCreditBytes } from './limits.js'

/** What a data frame of so many bytes takes from the credit of its stream and session. */
export function chargeOf(bytes: number): number {
  return bytes + frameCostBytes
}

/** One direction of a stream, at the end that writes: a queue, and the credit to empty it. */
export class Sending {
  #chunks: Chunk[] = []
  #head = 0
  /** Bytes of the first chunk that left already. */
  #offset = 0
  queuedBytes = 0
  /** The application wrote its last. */
  hasEnded = false
  /** Charges of what was sealed, and how far the peer lets them grow. */
  sentCharge = 0
  limit = streamCreditBytes
  /** Deficit round robin: what the stream may still send in this turn. */
  deficit = 0
  /** Whether it waits for its turn in the ring. */
  isInRing = false
  /** The application was told to wait. */
  isOverfull = false

  get isEmpty(): boolean {
    return this.#head === this.#chunks.length
  }

  get credit(): number {
    return this.limit - this.sentCharge
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk)
    this.queuedBytes += chunk.bytes.length
  }

  /**
   * The next piece of at most `bytes`, where `charge` is what credit allows; undefined where
   * nothing fits. A piece ends with its chunk, so messages keep their borders.
   */
  take(bytes: number, charge: number): Chunk | undefined {
    const chunk = this.#chunks[this.#head]
    if (chunk === undefined) return undefined
    const left = chunk.bytes.length - this.#offset
    const length = Math.min(left, bytes, charge - frameCostBytes)
    if (length < 0 || (length === 0 && left > 0)) return undefined
    const isLast = length === left
    const piece = chunk.bytes.subarray(this.#offset, this.#offset + length)
    this.sentCharge += chargeOf(length)
    this.queuedBytes -= length
    if (isLast) this.#shift()
    else this.#offset += length
    return { bytes: piece, endOfMessage: isLast && chunk.endOfMessage }
  }

  /** Whether credit allows the next piece, however small. */
  canTake(charge: number): boolean {
    const chunk = this.#chunks[this.#head]
    if (chunk === undefined) return false
    const least = chunk.bytes.length > this.#offset ? frameCostBytes + 1 : frameCostBytes
    return charge >= least
  }

  clear(): void {
    this.#chunks = []
    this.#head = 0
    this.#offset = 0
    this.queuedBytes = 0
  }

  /** From the start again, in another session: what was sealed goes before what is queued. */
  restart(sealed: readonly Chunk[]): void {
    const queued = this.#chunks.slice(this.#head)
    const first = queued[0]
    if (first !== undefined && this.#offset > 0) {
      queued[0] = { bytes: first.bytes.subarray(this.#offset), endOfMessage: first.endOfMessage }
    }
    this.clear()
    for (const chunk of [...sealed, ...queued]) this.push(chunk)
    this.sentCharge = 0
    this.limit = streamCreditBytes
    this.deficit = 0
    this.isInRing = false
  }

  #shift(): void {
    this.#offset = 0
    this.#head++
    if (this.#head < 32 && this.#head !== this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#head)
    this.#head = 0
  }
}
