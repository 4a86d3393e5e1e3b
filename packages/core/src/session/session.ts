import type { ErrorCode } from '../errors.js'
import { SessionCipher } from './cipher.js'
import type { Commons } from './commons.js'
import type { Congestion } from './congestion.js'
import type { Control } from './control.js'
import { flushSession, sendGoodbye } from './departure.js'
import { dispatchControl, dispatchData, dispatchRecord } from './dispatch.js'
import type { LinkId, UndeliverableNotice } from './effects.js'
import type { SessionKeys } from './handshaking.js'
import type { InFlight } from './in-flight.js'
import type { PacketHeader } from './packet.js'
import { buildParts, type Parts, type Rest, restOf } from './parts.js'
import type { Path } from './path.js'
import type { Patience } from './patience.js'
import type { Received } from './received.js'
import type { Early, SessionOptions } from './session-owner.js'
import type { Stream } from './stream.js'
import type { Streams } from './streams.js'
import type { Timed } from './timers.js'

/**
 * A session with one peer, from the moment its keys are known. It survives its links. While nothing
 * is open it can rest: then only its counters and keys are kept.
 */
export class Session implements Timed {
  readonly options: SessionOptions
  readonly createdAt: number
  early: Early | undefined
  /** Since when another session takes the new calls. */
  replacedAt: number | undefined
  isClosed = false
  heapAt = 0
  heapPosition = -1
  readonly #commons: Commons
  #parts: Parts | undefined
  #rest: Rest | undefined
  #isIdle = false

  constructor(commons: Commons, options: SessionOptions) {
    this.#commons = commons
    this.options = options
    this.createdAt = commons.now
  }

  get streams(): Streams {
    return this.#wake().streams
  }

  get inFlight(): InFlight {
    return this.#wake().inFlight
  }

  get received(): Received {
    return this.#wake().received
  }

  get congestion(): Congestion {
    return this.#wake().congestion
  }

  get control(): Control {
    return this.#wake().control
  }

  get path(): Path {
    return this.#wake().path
  }

  get patience(): Patience {
    return this.#wake().patience
  }

  /** Not before `secure`. */
  get cipher(): SessionCipher {
    return this.#wake().cipher as SessionCipher
  }

  secure(keys: SessionKeys): void {
    const { crypto } = this.#commons
    this.#wake().cipher = SessionCipher.begin(crypto, keys, this.options.remoteIndex)
    this.#commons.touch(this)
  }

  get isResting(): boolean {
    return this.#parts === undefined
  }

  /** Whether anything is open, unacknowledged, or waits for a gap before it to fill. */
  get hasBusiness(): boolean {
    if (this.isResting) return false
    return this.streams.size > 0 || this.hasUnacknowledged || this.received.heldBytes > 0
  }

  /** Whether calls are open. */
  get hasCalls(): boolean {
    return !this.isResting && this.streams.size > 0
  }

  /** Whether there is any business, or the peer was asked for a sign of life. */
  get isAtWork(): boolean {
    return !this.isResting && (this.hasBusiness || this.patience.isAsking)
  }

  /** Whether something waits to be sent, or for the peer's word that it came. */
  get hasUnacknowledged(): boolean {
    return !this.inFlight.isEmpty || !this.streams.outgoing.isEmpty || this.early !== undefined
  }

  /** A sealed packet for this session. Garbage and repetitions change nothing. */
  receive(header: PacketHeader, packet: Uint8Array, link: LinkId): void {
    const isControl = header.space === 'control'
    if (isControl ? header.number <= this.control.newest : !this.received.admits(header.number)) {
      if (!isControl && this.received.isDuplicate(header.number)) this.acknowledgeSoon()
      return
    }
    const record = this.cipher.open(header, packet)
    if (record === undefined) return
    const isNewest = isControl || header.number > this.received.newest
    this.patience.heard()
    this.path.heard(link, isNewest)
    this.#confirmEarly()
    this.options.owner.heard(this)
    const { number } = header
    if (isControl) dispatchControl(this.#commons, this, { number, record, link })
    else dispatchData(this.#commons, this, number, record)
    this.#commons.touch(this)
  }

  /** The frames that came with message 3. */
  receiveEarly(record: Uint8Array): void {
    this.received.acknowledgeBy(this.#commons.now)
    dispatchRecord(this, record)
    this.#commons.touch(this)
  }

  /** Something came again: its sender may not know that it came. */
  acknowledgeSoon(): void {
    this.received.acknowledgeAgain(this.#commons.now)
    this.#commons.touch(this)
  }

  undeliverable(notice: UndeliverableNotice, link: LinkId): void {
    if (this.isResting || !(this.hasUnacknowledged || this.patience.isAsking)) return
    this.path.undeliverable(notice, link)
    this.#commons.touch(this)
  }

  /** A probe of the peer's life: any authentic packet answers it. */
  ask(): void {
    this.patience.ask()
    this.#commons.touch(this)
  }

  flush(): void {
    if (this.isClosed || this.#parts?.cipher === undefined) return
    flushSession(this.#commons, this)
    const isIdle = !this.hasBusiness
    if (isIdle === this.#isIdle) return
    this.#isIdle = isIdle
    this.#commons.sessionIdle(this, isIdle)
  }

  linkDown(link: LinkId): void {
    if (!this.isResting) this.path.linkDown(link)
  }

  /** Keeps only what it takes to go on later. False where there is still something to do. */
  rest(): boolean {
    const parts = this.#parts
    if (parts?.cipher === undefined) return true
    if (this.isAtWork || parts.control.isDue || this.deadline() !== undefined) return false
    this.#rest = restOf(parts, parts.cipher)
    this.#parts = undefined
    return true
  }

  /** Lets go of everything; streams were taken out before. */
  close(goodbye: boolean): void {
    if (this.isClosed) return
    if (goodbye && this.#wake().cipher !== undefined) sendGoodbye(this.#commons, this)
    this.isClosed = true
    this.inFlight.release()
    this.#commons.budget.give(this.received.heldBytes + (this.early?.record.length ?? 0))
    this.early = undefined
    this.#commons.sessionClosed(this)
  }

  deadline(): number | undefined {
    return this.isClosed || this.#parts === undefined ? undefined : this.patience.deadline()
  }

  tick(): void {
    if (this.isClosed) return
    if (this.patience.isExpired) {
      this.options.owner.expired(this)
      return
    }
    this.patience.tick()
    this.#commons.touch(this)
  }

  /** Ends calls that the peer was away for too long to answer. */
  giveUpCalls(code: ErrorCode, isHopeless: (stream: Stream) => boolean): void {
    for (const stream of this.streams.table.all()) {
      if (stream.role !== 'caller' || stream.isClosed || !isHopeless(stream)) continue
      this.streams.cancel(stream)
      this.#commons.fail(stream, code)
    }
  }

  #wake(): Parts {
    if (this.#parts === undefined) {
      this.#parts = buildParts(this.#commons, this, this.#rest)
      this.#rest = undefined
      // It rested because it was idle, and rests again unless it has more to do than this.
      if (this.#isIdle) this.#commons.sessionIdle(this, true)
    }
    return this.#parts
  }

  /** The peer has our keys, so it has message 3 and handled what was in it. */
  #confirmEarly(): void {
    const { early } = this
    if (early === undefined) return
    this.early = undefined
    this.#commons.budget.give(early.record.length)
    this.streams.acknowledged(early.finals)
  }
}
