import { toBase64url, utf8 } from '../bytes.js'
import { type ErrorCode, wireNumber } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import { Arrivals, type StreamFrame } from './arrivals.js'
import type { Commons } from './commons.js'
import type { ControlFrame, StreamLimit } from './control-frames.js'
import type { Chunk } from './effects.js'
import { type CreditRest, SessionCredit } from './flow.js'
import { type AnswerHeader, encodeHeader } from './headers.js'
import { maxDetailBytes } from './limits.js'
import { Outgoing } from './records.js'
import type { Stream } from './stream.js'
import { type NumbersRest, StreamTable } from './stream-table.js'

/** Streams named in one credit or blocked frame, at most; the others follow with the next. */
const maxNamed = 512

export interface StreamsOptions {
  readonly peer: AgentId
  readonly isInitiator: boolean
  /** The peer's. */
  readonly incarnation: Uint8Array
  /** What was sealed for a stream, if the peer acknowledged none of it. */
  readonly salvage: (stream: Stream) => Chunk[] | undefined
  /** There is something to send. */
  readonly touch: () => void
  /** Of a session that rested. */
  readonly numbers?: NumbersRest
  readonly credit?: CreditRest
}

/** The streams of one session, and what this end does with them. */
export class Streams {
  readonly peer: AgentId
  readonly credit: SessionCredit
  readonly outgoing: Outgoing
  readonly table: StreamTable
  readonly salvage: StreamsOptions['salvage']
  readonly touch: StreamsOptions['touch']
  readonly #commons: Commons
  readonly #incarnation: Uint8Array
  readonly #arrivals: Arrivals
  readonly #creditDue = new Set<Stream>()

  constructor(commons: Commons, options: StreamsOptions) {
    this.#commons = commons
    this.peer = options.peer
    this.#incarnation = options.incarnation
    this.salvage = options.salvage
    this.touch = options.touch
    this.credit = new SessionCredit(options.credit)
    this.outgoing = new Outgoing(commons, this.credit)
    const { isInitiator, numbers } = options
    const maxOpen = commons.limits.maxStreams
    this.table = new StreamTable(this, { isInitiator, maxOpen, ...(numbers && { numbers }) })
    this.#arrivals = new Arrivals(commons, this)
  }

  get size(): number {
    return this.table.size
  }

  /** Reserved for calls that the peer began. */
  get reservedForPeerBytes(): number {
    return this.table
      .all()
      .filter(({ role }) => role === 'callee')
      .reduce((bytes, { receiving }) => bytes + receiving.reservedBytes, 0)
  }

  /** Opens our own call, now or as soon as there is a place. */
  call(stream: Stream): void {
    stream.home = this
    if (!this.table.addOwn(stream)) return
    // What a call was first sent to stays in its header when it moves on.
    const header = encodeHeader({ incarnation: toBase64url(this.#incarnation), ...stream.header })
    this.outgoing.urge({ stream, frame: { kind: 'open', stream: stream.number, header } })
    this.outgoing.offer(stream)
  }

  /** A call of the peer that was let in under `number`. */
  admit(stream: Stream, number: number): void {
    stream.home = this
    this.table.addRemote(stream, number)
  }

  refuse(number: number, code: ErrorCode): void {
    const wire = wireNumber(code)
    this.outgoing.urge({ frame: { kind: 'reset', stream: number, code: wire, detail: nothing } })
  }

  /** Throws 'too-large' where the header is; then nothing has changed. */
  answer(stream: Stream, header: AnswerHeader): void {
    const bytes = encodeHeader(header)
    stream.answer = header
    this.outgoing.urge({ stream, frame: { kind: 'answer', stream: stream.number, header: bytes } })
  }

  /** There is something new in the stream's queue, or its end. */
  offer(stream: Stream): void {
    if (stream.number > 0) this.outgoing.offer(stream)
  }

  /** The application read a chunk: the peer may send more. */
  consumed(stream: Stream): void {
    const growth = stream.receiving.extend()
    if (growth === 0 || !stream.isAllowedFor) return
    this.credit.allow(growth)
    this.#creditDue.add(stream)
  }

  /** The caller gives up: the callee is told, and nothing more is said. */
  cancel(stream: Stream): void {
    const { number } = stream
    this.outgoing.withdraw(stream)
    if (stream.wasSent) this.outgoing.urge({ frame: { kind: 'cancel', stream: number } })
    this.#remove(stream)
  }

  /** Gives up both directions; the stream stays until the peer acknowledged that. */
  reset(stream: Stream, code: ErrorCode, detail: object | undefined): void {
    const { number } = stream
    this.outgoing.withdraw(stream)
    if (stream.role === 'caller' && !stream.wasSent) {
      this.#remove(stream)
      return
    }
    stream.sending.clear()
    this.table.releaseCredit(stream)
    this.table.releasePlace(stream)
    stream.resetCode = code
    const body = { code: wireNumber(code), detail: encodeDetail(detail) }
    this.outgoing.urge({ stream, frame: { kind: 'reset', stream: number, ...body }, isFinal: true })
  }

  /** Takes the stream out without telling the peer: it moves, or its session is gone. */
  detach(stream: Stream): void {
    this.outgoing.withdraw(stream)
    this.#remove(stream)
  }

  /** Handles a frame; throws 'invalid' where the peer breaks the rules. */
  receive(frame: StreamFrame): void {
    this.#arrivals.receive(frame)
  }

  /** The last frames of these streams were acknowledged. */
  acknowledged(finals: readonly Stream[]): void {
    for (const stream of finals) {
      if (stream.home !== this) continue
      this.#commons.calls.forget(stream)
      if (stream.resetCode !== undefined) {
        this.#remove(stream)
        continue
      }
      stream.isEndAcknowledged = true
      this.#commons.emit({ kind: 'finished', stream: stream.handle })
      this.closeIfComplete(stream)
    }
  }

  /** Our last frame of the stream was sealed. */
  directionEnded(stream: Stream): void {
    if (stream.receiving.hasEnded) this.table.releasePlace(stream)
  }

  closeIfComplete(stream: Stream): void {
    if (!stream.isEndAcknowledged || !stream.receiving.isEndRead) return
    this.#remove(stream)
    this.#commons.streamClosed(stream)
  }

  takeCredit(frame: ControlFrame & { kind: 'credit' }): void {
    this.credit.sendLimit = Math.max(this.credit.sendLimit, frame.session)
    this.outgoing.unstall()
    for (const { stream: number, limit } of frame.streams) {
      const stream = this.table.get(number)
      if (stream === undefined || limit <= stream.sending.limit) continue
      stream.sending.limit = limit
      this.outgoing.unblock(stream)
    }
  }

  /** The peer says that these wait for credit: tell it once more. */
  remind(numbers: readonly number[]): void {
    for (const number of numbers) {
      const stream = this.table.get(number)
      if (stream !== undefined) this.#creditDue.add(stream)
    }
  }

  get isCreditDue(): boolean {
    return this.#creditDue.size > 0 || this.credit.isWorthTelling
  }

  creditFrame(): ControlFrame {
    const streams: StreamLimit[] = []
    for (const stream of this.#creditDue) {
      if (streams.length === maxNamed) break
      this.#creditDue.delete(stream)
      if (stream.home !== this || stream.receiving.hasEnded) continue
      streams.push({ stream: stream.number, limit: stream.receiving.limit })
    }
    return { kind: 'credit', session: this.credit.tell(), streams }
  }

  /** What waits for credit; undefined where nothing does. */
  blockedFrame(): ControlFrame | undefined {
    const { blocked, isStarved } = this.outgoing
    if (blocked.size === 0 && !isStarved) return undefined
    const streams: number[] = []
    for (const stream of blocked) {
      if (streams.length === maxNamed) break
      streams.push(stream.number)
    }
    return { kind: 'blocked', streams }
  }

  #remove(stream: Stream): void {
    if (stream.home !== this) return
    this.#creditDue.delete(stream)
    stream.home = undefined
    this.table.remove(stream)
  }
}

const nothing = new Uint8Array(0)

/** A detail that is too large, or no JSON, is left out: the code says what matters. */
function encodeDetail(detail: object | undefined): Uint8Array {
  if (detail === undefined) return nothing
  try {
    const bytes = utf8(JSON.stringify(detail))
    return bytes.length > maxDetailBytes ? nothing : bytes
  } catch {
    return nothing
  }
}
