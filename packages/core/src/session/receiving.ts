import type { Budget, Purpose } from './budget.js'
import type { Chunk } from './effects.js'
import { streamCreditBytes } from './limits.js'
import { chargeOf } from './sending.js'

/**
 * One direction of a stream, at the end that reads. Its first 64 KiB belong to it from the start;
 * more is lent while the reader keeps up. What it may still receive or holds unread is always
 * covered by what it took from the budget.
 */
export class Receiving {
  readonly #budget: Budget
  readonly #maxWindow: number
  #chunks: Chunk[] = []
  #head = 0
  #window = streamCreditBytes
  #reservedBytes: number
  /** Charges received, and read by the application. */
  receivedCharge = 0
  consumedCharge = 0
  /** What the peer was told (or will be with the next credit frame). */
  limit = streamCreditBytes
  /** The peer wrote its last. */
  hasEnded = false
  /** The application read that. */
  isEndRead = false
  /** The application knows that there is something to read. */
  isAnnounced = false
  /** After a move: what arrives again up to here was received before. */
  #skip: { messages: number; bytes: number } | undefined
  #messages = 0
  #messageBytes = 0

  /** The caller took `streamCreditBytes` from the budget for it. */
  constructor(budget: Budget, maxWindow: number) {
    this.#budget = budget
    this.#maxWindow = maxWindow
    this.#reservedBytes = streamCreditBytes
  }

  get isEmpty(): boolean {
    return this.#head === this.#chunks.length
  }

  get reservedBytes(): number {
    return this.#reservedBytes
  }

  get bufferedCharge(): number {
    return this.receivedCharge - this.consumedCharge
  }

  /** Takes a chunk that was charged; false where it was over the limit, which is a violation. */
  push(chunk: Chunk): boolean {
    const charge = chargeOf(chunk.bytes.length)
    if (this.receivedCharge + charge > this.limit) return false
    this.receivedCharge += charge
    const fresh = this.#skip === undefined ? chunk : this.#unseen(chunk)
    if (fresh === undefined) {
      this.consumedCharge += charge
      return true
    }
    // What was skipped of a chunk needs no credit any more.
    this.consumedCharge += chunk.bytes.length - fresh.bytes.length
    this.#advance(fresh)
    this.#chunks.push(fresh)
    return true
  }

  shift(): Chunk | undefined {
    const chunk = this.#chunks[this.#head]
    if (chunk === undefined) return undefined
    this.#head++
    if (this.#head > 32 || this.#head === this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#head = 0
    }
    this.consumedCharge += chargeOf(chunk.bytes.length)
    return chunk
  }

  /** After reading: by how much the peer's limit grows, 0 for not yet. */
  extend(): number {
    if (this.hasEnded) {
      this.#settle(this.bufferedCharge)
      return 0
    }
    const wanted = this.consumedCharge + this.#window
    if (wanted - this.limit < this.#window / 2) {
      this.#settle(Math.max(streamCreditBytes, this.limit - this.consumedCharge))
      return 0
    }
    // Half the window was read since the last time: the reader keeps up, so try a larger one.
    const larger = Math.min(this.#maxWindow, 2 * this.#window)
    if (this.#reserve(larger, 'lend')) this.#window = larger
    else if (!this.#reserve(this.#window, 'lend')) this.#window = streamCreditBytes
    const limit = Math.max(this.limit, this.consumedCharge + this.#window)
    const growth = limit - this.limit
    this.limit = limit
    this.#settle(Math.max(streamCreditBytes, limit - this.consumedCharge))
    return growth
  }

  /** The peer sends no more: only what is held still counts. */
  end(): void {
    this.hasEnded = true
    this.#settle(this.bufferedCharge)
  }

  /** The budget had no room: nothing was taken, and nothing is to be given back. */
  disown(): void {
    this.#reservedBytes = 0
  }

  /** Forgets what is unread and gives everything back. */
  release(): void {
    this.#chunks = []
    this.#head = 0
    this.#settle(0)
  }

  /**
   * The peer will send everything from the start once more: take it from where we are. False where
   * the budget has no room for that.
   */
  restart(): boolean {
    const buffered = this.bufferedCharge
    if (!this.#reserve(streamCreditBytes + buffered, 'stream')) return false
    this.#skip = { messages: this.#messages, bytes: this.#messageBytes }
    this.#messages = 0
    this.#messageBytes = 0
    this.receivedCharge = 0
    this.consumedCharge = -buffered
    this.limit = streamCreditBytes
    this.hasEnded = false
    return true
  }

  /** What of a chunk lies behind the point that was reached before the move. */
  #unseen(chunk: Chunk): Chunk | undefined {
    const skip = this.#skip
    if (skip === undefined) return chunk
    const length = chunk.bytes.length
    if (this.#messages < skip.messages) {
      this.#advance(chunk)
      return undefined
    }
    const seen = Math.min(length, skip.bytes - this.#messageBytes)
    this.#messageBytes += seen
    if (this.#messageBytes < skip.bytes || (seen === length && !chunk.endOfMessage)) {
      return undefined
    }
    this.#skip = undefined
    return { bytes: chunk.bytes.subarray(seen), endOfMessage: chunk.endOfMessage }
  }

  #advance(chunk: Chunk): void {
    if (chunk.endOfMessage) {
      this.#messages++
      this.#messageBytes = 0
    } else {
      this.#messageBytes += chunk.bytes.length
    }
  }

  #reserve(bytes: number, purpose: Purpose): boolean {
    const more = bytes - this.#reservedBytes
    if (more <= 0) return true
    if (!this.#budget.take(more, purpose)) return false
    this.#reservedBytes = bytes
    return true
  }

  #settle(bytes: number): void {
    if (bytes >= this.#reservedBytes) return
    this.#budget.give(this.#reservedBytes - bytes)
    this.#reservedBytes = bytes
  }
}
