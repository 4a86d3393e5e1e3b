import { toBase64url, utf8 } from '../bytes.js'
import { type ErrorCode, errorFromWire, MeshError, wireNumber } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Commons } from './commons.js'
import type { ControlFrame, StreamLimit } from './control-frames.js'
import type { Chunk } from './effects.js'
import { SessionCredit } from './flow.js'
import type { DataFrame } from './frames.js'
import { type AnswerHeader, decodeAnswerHeader, decodeDetail, encodeHeader } from './headers.js'
import { maxDetailBytes } from './limits.js'
import { Outgoing } from './records.js'
import { chargeOf } from './sending.js'
import type { Stream } from './stream.js'

/** Streams named in one credit or blocked frame, at most; the others follow with the next. */
const maxNamed = 512

/** Frames of the data space that belong to a stream. */
export type StreamFrame = Exclude<DataFrame, { kind: 'session-probe' | 'session-status' }>

/** Takes an `open` that is well formed; what it refuses, it resets. */
export type Receptionist = (streams: Streams, number: number, header: Uint8Array) => void

export interface StreamsOptions {
  readonly peer: AgentId
  readonly isInitiator: boolean
  /** The peer's. */
  readonly incarnation: Uint8Array
  readonly welcome: Receptionist
  /** What was sealed for a stream, if the peer acknowledged none of it. */
  readonly salvage: (stream: Stream) => Chunk[] | undefined
  /** There is something to send. */
  readonly touch: () => void
}

/** The streams of one session: their table, their numbers, their credit. */
export class Streams {
  readonly peer: AgentId
  readonly outgoing: Outgoing
  readonly credit = new SessionCredit()
  readonly salvage: StreamsOptions['salvage']
  readonly touch: StreamsOptions['touch']
  readonly #commons: Commons
  readonly #welcome: Receptionist
  readonly #isInitiator: boolean
  readonly #incarnation: Uint8Array
  readonly #table = new Map<number, Stream>()
  /** Own calls that wait until fewer are open. */
  #waiting: Stream[] = []
  readonly #creditDue = new Set<Stream>()
  #nextNumber: number
  #newestRemote = 0
  #ownOpen = 0
  #remoteOpen = 0

  constructor(commons: Commons, options: StreamsOptions) {
    this.#commons = commons
    this.peer = options.peer
    this.#isInitiator = options.isInitiator
    this.#incarnation = options.incarnation
    this.#welcome = options.welcome
    this.salvage = options.salvage
    this.touch = options.touch
    // The Noise initiator's numbers are odd, the responder's even.
    this.#nextNumber = options.isInitiator ? 1 : 2
    this.outgoing = new Outgoing(commons, this.credit)
  }

  get size(): number {
    return this.#table.size + this.#waiting.length
  }

  /** Whether the application here waits for answers. */
  get hasOwnCalls(): boolean {
    return this.#ownOpen > 0
  }

  /** Those that wait come first, so that taking all out opens none. */
  all(): Stream[] {
    return [...this.#waiting, ...this.#table.values()]
  }

  /** Reserved for calls that the peer began. */
  get reservedForPeerBytes(): number {
    let bytes = 0
    for (const stream of this.#table.values()) {
      if (stream.role === 'callee') bytes += stream.receiving.reservedBytes
    }
    return bytes
  }

  /** Opens our own call, now or as soon as there is a place. */
  call(stream: Stream): void {
    stream.home = this
    if (this.#ownOpen >= this.#commons.limits.maxStreams) {
      this.#waiting.push(stream)
      return
    }
    stream.number = this.#nextNumber
    this.#nextNumber += 2
    this.#ownOpen++
    this.#add(stream)
    // What a call was first sent to stays in its header when it moves on.
    const header = encodeHeader({ incarnation: toBase64url(this.#incarnation), ...stream.header })
    this.outgoing.urge({ stream, frame: { kind: 'open', stream: stream.number, header } })
    this.outgoing.offer(stream)
  }

  /** A call of the peer that was let in under `number`. */
  admit(stream: Stream, number: number): void {
    stream.home = this
    stream.number = number
    this.#remoteOpen++
    this.#add(stream)
  }

  refuse(number: number, code: ErrorCode): void {
    const frame = {
      kind: 'reset',
      stream: number,
      code: wireNumber(code),
      detail: nothing,
    } as const
    this.outgoing.urge({ frame })
  }

  answer(stream: Stream, header: AnswerHeader): void {
    stream.answer = header
    const frame = { kind: 'answer', stream: stream.number, header: encodeHeader(header) } as const
    this.outgoing.urge({ stream, frame })
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
    const wasSent = this.#discard(stream)
    if (wasSent) this.outgoing.urge({ frame: { kind: 'cancel', stream: stream.number } })
    this.#remove(stream)
  }

  reset(stream: Stream, code: ErrorCode, detail: object | undefined): void {
    const wasSent = this.#discard(stream)
    if (stream.role === 'caller' && !wasSent) {
      this.#remove(stream)
      return
    }
    stream.resetCode = code
    const frame = {
      kind: 'reset',
      stream: stream.number,
      code: wireNumber(code),
      detail: encodeDetail(detail),
    } as const
    this.outgoing.urge({ stream, frame, isFinal: true })
  }

  /** Takes the stream out without telling the peer: it moves, or its session is gone. */
  detach(stream: Stream): void {
    this.outgoing.withdraw(stream)
    this.#remove(stream)
  }

  /** Handles a frame; throws 'invalid' where the peer breaks the rules. */
  receive(frame: StreamFrame): void {
    if (frame.kind === 'open') {
      this.#receiveOpen(frame.stream, frame.header)
      return
    }
    if (frame.kind === 'data' && !this.credit.receive(chargeOf(frame.bytes.length))) {
      throw violation('more data than the session had credit for')
    }
    const stream = this.#table.get(frame.stream)
    if (stream === undefined || stream.resetCode !== undefined) {
      this.#expectPast(frame.stream)
      return
    }
    switch (frame.kind) {
      case 'answer':
        this.#receiveAnswer(stream, frame.header)
        break
      case 'data':
        this.#receiveData(stream, frame)
        break
      case 'end':
        this.#receiveEnd(stream)
        break
      case 'cancel':
        if (stream.role === 'caller') throw violation('the callee cancels')
        this.#receiveGivingUp(stream, undefined)
        break
      case 'reset':
        this.#receiveGivingUp(stream, errorFromWire(frame.code, decodeDetail(frame.detail)))
        break
    }
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
    if (stream.receiving.hasEnded) this.#releasePlace(stream)
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
      const stream = this.#table.get(number)
      if (stream === undefined || limit <= stream.sending.limit) continue
      stream.sending.limit = limit
      this.outgoing.unblock(stream)
    }
  }

  /** The peer says that these wait for credit: tell it once more. */
  remind(numbers: readonly number[]): void {
    for (const number of numbers) {
      const stream = this.#table.get(number)
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

  #receiveOpen(number: number, header: Uint8Array): void {
    const isRemote = number % 2 === (this.#isInitiator ? 0 : 1)
    if (!isRemote || number <= this.#newestRemote) throw violation('a stream number out of order')
    // A peer that keeps to the rules never has more open: it counts what we ended only once it
    // knows, and we count that no longer. Without the bound, resets of refused calls would pile up.
    if (this.#remoteOpen + this.outgoing.urgentFrames > 4 * this.#commons.limits.maxStreams) {
      throw violation('too many calls at a time')
    }
    this.#newestRemote = number
    if (this.#remoteOpen >= this.#commons.limits.maxStreams) this.refuse(number, 'busy')
    else this.#welcome(this, number, header)
  }

  #receiveAnswer(stream: Stream, header: Uint8Array): void {
    if (stream.role === 'callee' || stream.answer !== undefined) {
      throw violation('an answer out of place')
    }
    stream.answer = decodeAnswerHeader(header)
    this.#commons.emit({ kind: 'answered', stream: stream.handle, header: stream.answer })
  }

  #receiveData(stream: Stream, frame: StreamFrame & { kind: 'data' }): void {
    const { receiving } = stream
    if (receiving.hasEnded || (stream.role === 'caller' && stream.answer === undefined)) {
      throw violation('data out of place')
    }
    if (frame.bytes.length === 0 && !frame.endOfMessage) throw violation('a data frame of nothing')
    const charge = chargeOf(frame.bytes.length)
    if (!receiving.push(ownBytes(frame)))
      throw violation('more data than the stream had credit for')
    this.credit.allow(-charge)
    this.#announce(stream)
  }

  #receiveEnd(stream: Stream): void {
    const { receiving } = stream
    if (receiving.hasEnded || (stream.role === 'caller' && stream.answer === undefined)) {
      throw violation('an end out of place')
    }
    this.#releaseReceiving(stream)
    receiving.end()
    this.#creditDue.delete(stream)
    if (stream.isEndSealed) this.#releasePlace(stream)
    this.#announce(stream)
  }

  #receiveGivingUp(stream: Stream, error: MeshError | undefined): void {
    this.#commons.calls.forget(stream)
    this.detach(stream)
    if (stream.isClosed) return
    if (error === undefined) this.#commons.emit({ kind: 'canceled', stream: stream.handle })
    else this.#commons.emit({ kind: 'reset', stream: stream.handle, error })
    this.#commons.streamClosed(stream)
  }

  #announce(stream: Stream): void {
    if (stream.receiving.isAnnounced || stream.receiving.isEndRead) return
    stream.receiving.isAnnounced = true
    this.#commons.emit({ kind: 'readable', stream: stream.handle })
  }

  /** A frame for a stream that is over is late; for one that never was, it is a violation. */
  #expectPast(number: number): void {
    const isRemote = number % 2 === (this.#isInitiator ? 0 : 1)
    const isPast = isRemote ? number <= this.#newestRemote : number < this.#nextNumber
    if (number === 0 || !isPast) throw violation('a stream that was never opened')
  }

  #add(stream: Stream): void {
    this.#table.set(stream.number, stream)
    stream.holdsPlace = true
    stream.isAllowedFor = true
    this.credit.allow(stream.receiving.limit - stream.receiving.receivedCharge)
  }

  /** Drops what is queued and unread, and gives it back; says whether the peer may know of it. */
  #discard(stream: Stream): boolean {
    this.outgoing.withdraw(stream)
    stream.sending.clear()
    this.#releaseReceiving(stream)
    this.#releasePlace(stream)
    return stream.wasSent || stream.role === 'callee'
  }

  #remove(stream: Stream): void {
    if (stream.home !== this) return
    this.#releaseReceiving(stream)
    this.#releasePlace(stream)
    this.outgoing.blocked.delete(stream)
    this.#creditDue.delete(stream)
    if (stream.number === 0) this.#waiting = this.#waiting.filter((other) => other !== stream)
    else this.#table.delete(stream.number)
    stream.home = undefined
    stream.number = 0
  }

  /** What the stream might still have received is not to come any more. */
  #releaseReceiving(stream: Stream): void {
    if (!stream.isAllowedFor) return
    stream.isAllowedFor = false
    this.credit.allow(stream.receiving.receivedCharge - stream.receiving.limit)
  }

  #releasePlace(stream: Stream): void {
    if (!stream.holdsPlace) return
    stream.holdsPlace = false
    if (stream.role === 'callee') {
      this.#remoteOpen--
      return
    }
    this.#ownOpen--
    const next = this.#waiting.shift()
    if (next !== undefined) this.call(next)
  }
}

const nothing = new Uint8Array(0)

/** A detail that does not fit is left out: the code says what matters. */
function encodeDetail(detail: object | undefined): Uint8Array {
  if (detail === undefined) return nothing
  const bytes = utf8(JSON.stringify(detail))
  return bytes.length > maxDetailBytes ? nothing : bytes
}

/** A small piece would keep the whole record it came in; it is copied out. */
function ownBytes(frame: StreamFrame & { kind: 'data' }): Chunk {
  const { bytes, endOfMessage } = frame
  const isSmall = bytes.length * 2 < bytes.buffer.byteLength
  return { bytes: isSmall ? bytes.slice() : bytes, endOfMessage }
}

function violation(what: string): MeshError {
  return new MeshError('invalid', `the peer broke the protocol: ${what}`)
}
