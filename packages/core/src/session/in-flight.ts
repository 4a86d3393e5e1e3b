import type { Budget } from './budget.js'
import type { Range } from './control-frames.js'
import type { Stream } from './stream.js'

/** A sealed packet that the peer has not acknowledged for good. Its bytes never change. */
export interface SentPacket {
  readonly number: number
  readonly packet: Uint8Array
  /** Streams whose last frame is in it. */
  readonly finals: readonly Stream[]
  sentAt: number
  /** Position in the order of all transmissions of this session. */
  order: number
  transmissions: number
  state: 'under-way' | 'lost' | 'arrived'
}

export interface Acknowledged {
  /** Bytes that arrived and were not known to have. */
  bytes: number
  /** A fresh measurement, if the newest packet among them was sent once only. */
  roundTripMs: number | undefined
  /** Handled by the peer, in order. */
  finished: SentPacket[]
}

/** Packets overtaken by this many later ones that arrived are taken for lost. */
const overtakenBy = 3

/**
 * The sending end of the data space: sealed packets, kept until they are acknowledged cumulatively.
 * One that is acknowledged out of order is kept as well, for the peer has not handled it yet.
 */
export class InFlight {
  readonly #budget: Budget
  #packets: SentPacket[] = []
  #head = 0
  /** The peer handled everything below. */
  cumulative: number
  /** The number of the next packet. */
  next: number
  /** Sent, not known to have arrived, not taken for lost. */
  underWayBytes = 0
  retainedBytes = 0
  lostPackets = 0
  /** When the newest transmission left. */
  lastSentAt = 0
  #order = 0
  /** No packet before this position is lost. */
  #firstLost = 0

  /** Everything before packet `next` was acknowledged. */
  constructor(budget: Budget, next = 0) {
    this.#budget = budget
    this.cumulative = next
    this.next = next
  }

  get isEmpty(): boolean {
    return this.#head === this.#packets.length
  }

  /** When the oldest packet that still counts as under way was sent. */
  get oldestSentAt(): number | undefined {
    return this.#packets[this.#head]?.sentAt
  }

  /** Keeps a packet that leaves now; its bytes were taken from the budget. */
  add(packet: Uint8Array, finals: readonly Stream[], now: number): void {
    this.#packets.push({
      number: this.next++,
      packet,
      finals,
      sentAt: now,
      order: this.#order++,
      transmissions: 1,
      state: 'under-way',
    })
    this.underWayBytes += packet.length
    this.retainedBytes += packet.length
    this.lastSentAt = now
  }

  /** The first lost packet that fits, which now leaves again. */
  resend(maxPacket: number, now: number): SentPacket | undefined {
    if (this.lostPackets === 0) return undefined
    for (let i = Math.max(this.#firstLost, this.#head); i < this.#packets.length; i++) {
      const sent = this.#packets[i] as SentPacket
      if (sent.state !== 'lost' || sent.packet.length > maxPacket) continue
      this.#firstLost = i + 1
      sent.state = 'under-way'
      sent.sentAt = now
      sent.order = this.#order++
      sent.transmissions++
      this.lostPackets--
      this.underWayBytes += sent.packet.length
      this.lastSentAt = now
      return sent
    }
    return undefined
  }

  /** Size of the packet that `resend` would give, for the congestion window. */
  get hasLost(): boolean {
    return this.lostPackets > 0
  }

  /** Whatever is not known to have arrived goes again, in order. */
  loseAll(): void {
    for (let i = this.#head; i < this.#packets.length; i++) this.#lose(i)
    this.#firstLost = this.#head
  }

  acknowledge(cumulative: number, ranges: readonly Range[], now: number): Acknowledged {
    const result: Acknowledged = { bytes: 0, roundTripMs: undefined, finished: [] }
    // An acknowledgement of what was never sent is a lie, but an authentic peer's; ignore it.
    const end = Math.min(cumulative, this.next)
    let newestOrder = -1
    const arrived = (sent: SentPacket): void => {
      if (sent.state === 'arrived') return
      if (sent.state === 'lost') this.lostPackets--
      else this.underWayBytes -= sent.packet.length
      sent.state = 'arrived'
      result.bytes += sent.packet.length
      if (sent.transmissions > 1) return
      // A packet sent once measures: of others nobody knows which transmission arrived.
      result.roundTripMs = now - sent.sentAt
      if (sent.order > newestOrder) newestOrder = sent.order
    }
    while (this.cumulative < end) {
      const sent = this.#packets[this.#head++] as SentPacket
      arrived(sent)
      this.cumulative++
      this.retainedBytes -= sent.packet.length
      this.#budget.give(sent.packet.length)
      result.finished.push(sent)
    }
    for (const range of ranges) {
      const last = Math.min(range.end, this.next)
      for (let n = Math.max(range.start, this.cumulative); n < last; n++) {
        arrived(this.#packets[this.#head + n - this.cumulative] as SentPacket)
      }
    }
    if (ranges.length > 0) this.#loseOvertaken(newestOrder, ranges)
    this.#compact()
    return result
  }

  /** All packets that are kept, oldest first: for moving calls to another session. */
  *retained(): Iterable<SentPacket> {
    for (let i = this.#head; i < this.#packets.length; i++) yield this.#packets[i] as SentPacket
  }

  /** Gives everything back to the budget; the session is gone. */
  release(): void {
    this.#budget.give(this.retainedBytes)
    this.#packets = []
    this.#head = 0
    this.retainedBytes = 0
    this.underWayBytes = 0
    this.lostPackets = 0
  }

  /** Links keep their order, so what later packets overtook did not come through. */
  #loseOvertaken(newestOrder: number, ranges: readonly Range[]): void {
    const end = Math.min((ranges.at(-1) as Range).end, this.next) - this.cumulative + this.#head
    for (let i = this.#head; i < end; i++) {
      const sent = this.#packets[i] as SentPacket
      if (sent.state === 'under-way' && sent.order + overtakenBy <= newestOrder) this.#lose(i)
    }
  }

  #lose(position: number): void {
    const sent = this.#packets[position] as SentPacket
    if (sent.state !== 'under-way') return
    sent.state = 'lost'
    this.lostPackets++
    this.underWayBytes -= sent.packet.length
    if (position < this.#firstLost) this.#firstLost = position
  }

  #compact(): void {
    if (this.#head < 64 || this.#head * 2 < this.#packets.length) {
      if (this.#head !== this.#packets.length) return
    }
    this.#packets = this.#packets.slice(this.#head)
    this.#firstLost = Math.max(0, this.#firstLost - this.#head)
    this.#head = 0
  }
}
