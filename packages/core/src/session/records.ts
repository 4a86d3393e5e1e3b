import type { Writer } from '../writer.js'
import type { Commons } from './commons.js'
import type { SessionCredit } from './flow.js'
import { type DataFrame, dataFrameLength, dataFrameOverhead, encodeDataFrame } from './frames.js'
import { maxRecordBytes } from './limits.js'
import { chargeOf } from './sending.js'
import type { Stream } from './stream.js'

/** A frame that needs no credit, waiting for the next record. */
interface Urgent {
  /** The stream it belongs to, if it is void without it: then it is dropped when that has moved. */
  readonly stream?: Stream
  readonly frame: DataFrame
  /** Whether the stream is done, at this end, once the peer acknowledged it. */
  readonly isFinal?: boolean
}

/** What a record holds besides the bodies: a call header or two. */
const smallRecordBytes = 512

/** Room for stream number and length of a data frame, at most. */
const dataFrameRoom = dataFrameOverhead(Number.MAX_SAFE_INTEGER, maxRecordBytes)

/**
 * What a session has to say, packed into records: first the frames that need no credit, in their
 * order, then streams in turn by deficit round robin.
 */
export class Outgoing {
  readonly #commons: Commons
  readonly #credit: SessionCredit
  #urgent: Urgent[] = []
  #ring: Stream[] = []
  /** Streams with data and no credit of their own. */
  readonly blocked = new Set<Stream>()
  #isStalled = false

  constructor(commons: Commons, credit: SessionCredit) {
    this.#commons = commons
    this.#credit = credit
  }

  get isEmpty(): boolean {
    return this.#urgent.length === 0 && this.#ring.length === 0
  }

  /** Nothing could be filled although something waits: only credit of the session helps. */
  get isStarved(): boolean {
    return this.#isStalled && this.#ring.length > 0
  }

  /** A guess at the size of the next record, at most `capacity`. */
  sizeHint(capacity: number): number {
    let bytes = smallRecordBytes
    for (const { sending } of this.#ring) {
      bytes += sending.queuedBytes + dataFrameRoom
      if (bytes >= capacity) return capacity
    }
    return bytes
  }

  get urgentFrames(): number {
    return this.#urgent.length
  }

  urge(urgent: Urgent): void {
    this.#isStalled = false
    this.#urgent.push(urgent)
  }

  /** The stream has data (or its end) to send. */
  offer(stream: Stream): void {
    const { sending } = stream
    if (sending.isEmpty) {
      this.#offerEnd(stream)
      return
    }
    if (sending.isInRing || this.blocked.has(stream)) return
    sending.isInRing = true
    this.#isStalled = false
    this.#ring.push(stream)
  }

  /** The peer gave the session credit. */
  unstall(): void {
    this.#isStalled = false
  }

  /** The peer gave the stream credit. */
  unblock(stream: Stream): void {
    if (this.blocked.delete(stream)) this.offer(stream)
  }

  /** Takes a stream out, with everything it had to say. */
  withdraw(stream: Stream): void {
    this.blocked.delete(stream)
    if (stream.sending.isInRing) this.#ring = this.#ring.filter((other) => other !== stream)
    stream.sending.isInRing = false
    this.#urgent = this.#urgent.filter((urgent) => urgent.stream !== stream)
  }

  /**
   * Fills a record of at most `capacity` bytes, to be sealed as packet `number`. Gives the streams
   * whose last frame is in it.
   */
  fill(writer: Writer, capacity: number, number: number): Stream[] {
    const finals: Stream[] = []
    if (this.#isStalled) return finals
    if (this.#fillUrgent(writer, capacity, number, finals)) {
      this.#fillData(writer, capacity, number)
      this.#fillUrgent(writer, capacity, number, finals)
    }
    this.#isStalled = writer.length === 0
    return finals
  }

  /** False where one did not fit. */
  #fillUrgent(writer: Writer, capacity: number, number: number, finals: Stream[]): boolean {
    let taken = 0
    for (const { stream, frame, isFinal } of this.#urgent) {
      if (writer.length + dataFrameLength(frame) > capacity) break
      encodeDataFrame(writer, frame)
      taken++
      if (stream === undefined) continue
      stream.firstPacket ??= number
      if (isFinal !== true) continue
      finals.push(stream)
      stream.isEndSealed = true
      stream.home?.directionEnded(stream)
    }
    if (taken > 0) this.#urgent = this.#urgent.slice(taken)
    return this.#urgent.length === 0
  }

  #fillData(writer: Writer, capacity: number, number: number): void {
    for (;;) {
      const stream = this.#ring[0]
      const room = capacity - writer.length - dataFrameRoom
      if (stream === undefined || room <= 0) return
      const { sending } = stream
      if (sending.deficit <= 0) sending.deficit += maxRecordBytes
      const piece = sending.take(Math.min(room, sending.deficit), this.#creditOf(stream))
      if (piece === undefined) {
        // Without credit of its own the stream leaves the ring; without the session's all wait.
        if (sending.canTake(sending.credit)) return
        this.#leaveRing(stream)
        this.blocked.add(stream)
        continue
      }
      stream.firstPacket ??= number
      this.#credit.sentCharge += chargeOf(piece.bytes.length)
      sending.deficit -= piece.bytes.length
      encodeDataFrame(writer, { kind: 'data', stream: stream.number, ...piece })
      this.#afterPiece(stream)
    }
  }

  #afterPiece(stream: Stream): void {
    const { sending } = stream
    if (sending.isOverfull && sending.queuedBytes <= this.#commons.limits.sendQueueBytes / 2) {
      sending.isOverfull = false
      this.#commons.emit({ kind: 'writable', stream: stream.handle })
    }
    if (sending.isEmpty) {
      this.#leaveRing(stream)
      this.#offerEnd(stream)
    } else if (sending.deficit <= 0) {
      this.#ring.push(this.#ring.shift() as Stream)
    }
  }

  /** The first of the ring has nothing to send, or may not. */
  #leaveRing(stream: Stream): void {
    this.#ring.shift()
    stream.sending.isInRing = false
    stream.sending.deficit = 0
  }

  #offerEnd(stream: Stream): void {
    if (!stream.sending.hasEnded || stream.isEndOffered) return
    stream.isEndOffered = true
    this.urge({ stream, frame: { kind: 'end', stream: stream.number }, isFinal: true })
  }

  #creditOf(stream: Stream): number {
    return Math.min(stream.sending.credit, this.#credit.available)
  }
}
