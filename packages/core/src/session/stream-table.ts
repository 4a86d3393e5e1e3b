import type { SessionCredit } from './flow.js'
import type { Stream } from './stream.js'
import type { Streams } from './streams.js'

/** Numbers that were used up. */
export interface NumbersRest {
  readonly next: number
  readonly newestRemote: number
}

export interface StreamTableOptions {
  readonly isInitiator: boolean
  readonly maxOpen: number
  readonly numbers?: NumbersRest
}

/**
 * The streams of one session by number, and how many are open. The Noise initiator's numbers are
 * odd, the responder's even, and they only grow. A stream is open, and holds a place, until both
 * directions have ended or either side gave it up: both ends count that alike, so a caller that
 * keeps to the limit never finds the callee's smaller.
 */
export class StreamTable {
  readonly #home: Streams
  readonly #credit: SessionCredit
  readonly #isInitiator: boolean
  readonly #maxOpen: number
  readonly #streams = new Map<number, Stream>()
  /** Own calls that wait until fewer are open. */
  #waiting: Stream[] = []
  #nextNumber: number
  #newestRemote: number
  #ownOpen = 0
  #remoteOpen = 0

  constructor(home: Streams, options: StreamTableOptions) {
    this.#home = home
    this.#credit = home.credit
    this.#isInitiator = options.isInitiator
    this.#maxOpen = options.maxOpen
    this.#nextNumber = options.numbers?.next ?? (options.isInitiator ? 1 : 2)
    this.#newestRemote = options.numbers?.newestRemote ?? 0
  }

  /** What remains while no stream is open. */
  rest(): NumbersRest {
    return { next: this.#nextNumber, newestRemote: this.#newestRemote }
  }

  get size(): number {
    return this.#streams.size + this.#waiting.length
  }

  get ownOpen(): number {
    return this.#ownOpen
  }

  get remoteOpen(): number {
    return this.#remoteOpen
  }

  /** Those that wait come first, so that taking all out opens none. */
  all(): Stream[] {
    return [...this.#waiting, ...this.#streams.values()]
  }

  get(number: number): Stream | undefined {
    return this.#streams.get(number)
  }

  /** Gives an own call its number, or false: then it waits, and is called again later. */
  addOwn(stream: Stream): boolean {
    if (this.#ownOpen >= this.#maxOpen) {
      this.#waiting.push(stream)
      return false
    }
    stream.number = this.#nextNumber
    this.#nextNumber += 2
    this.#ownOpen++
    this.#add(stream)
    return true
  }

  addRemote(stream: Stream, number: number): void {
    stream.number = number
    this.#remoteOpen++
    this.#add(stream)
  }

  /** Whether the peer may open this number next; then it is used up. */
  acceptsRemote(number: number): boolean {
    if (!this.#isRemote(number) || number <= this.#newestRemote) return false
    this.#newestRemote = number
    return true
  }

  /** Whether a stream of this number was ever open. */
  isPast(number: number): boolean {
    if (number === 0) return false
    return this.#isRemote(number) ? number <= this.#newestRemote : number < this.#nextNumber
  }

  remove(stream: Stream): void {
    this.releaseCredit(stream)
    if (stream.number === 0) this.#waiting = this.#waiting.filter((other) => other !== stream)
    else this.#streams.delete(stream.number)
    stream.number = 0
    this.releasePlace(stream)
  }

  /** What the stream might still have received will not come any more. */
  releaseCredit(stream: Stream): void {
    if (!stream.isAllowedFor) return
    stream.isAllowedFor = false
    this.#credit.allow(stream.receiving.receivedCharge - stream.receiving.limit)
  }

  /** The stream is over, as far as both ends count. */
  releasePlace(stream: Stream): void {
    if (!stream.holdsPlace) return
    stream.holdsPlace = false
    if (stream.role === 'callee') {
      this.#remoteOpen--
      return
    }
    this.#ownOpen--
    const next = this.#waiting.shift()
    if (next !== undefined) this.#home.call(next)
  }

  #add(stream: Stream): void {
    this.#streams.set(stream.number, stream)
    stream.holdsPlace = true
    stream.isAllowedFor = true
    this.#credit.allow(stream.receiving.limit - stream.receiving.receivedCharge)
  }

  #isRemote(number: number): boolean {
    return number % 2 === (this.#isInitiator ? 0 : 1)
  }
}
