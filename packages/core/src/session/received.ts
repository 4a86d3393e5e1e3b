import type { Range } from './control-frames.js'
import type { SessionLimits } from './limits.js'

/** At most this many ranges go into one acknowledgement; the lowest, which are resent first. */
const maxRanges = 32
/** Repetitions are acknowledged no oftener than this. */
const againMs = 5

/**
 * The receiving end of the data space: takes packet n iff cumulative ≤ n < cumulative + window and
 * unseen, gives records back in order, and knows when to acknowledge. Records are handled strictly
 * in order, so whatever is acknowledged cumulatively has had its effect.
 */
export class Received {
  readonly #limits: SessionLimits
  /** Everything below arrived and was handed on. */
  cumulative: number
  /** The largest number that arrived, −1 before the first. */
  newest: number
  heldBytes = 0
  readonly #held = new Map<number, Uint8Array>()
  #ranges: Range[] = []
  #unacknowledgedPackets = 0
  #unacknowledgedBytes = 0
  #dueAt: number | undefined
  #acknowledgedAt = Number.NEGATIVE_INFINITY

  /** Everything before packet `cumulative` was received. */
  constructor(limits: SessionLimits, cumulative = 0) {
    this.#limits = limits
    this.cumulative = cumulative
    this.newest = cumulative - 1
  }

  /** Whether an authentic packet of this number would be taken. */
  admits(number: number): boolean {
    const isInWindow =
      number >= this.cumulative && number < this.cumulative + this.#limits.windowPackets
    return isInWindow && !this.#held.has(number)
  }

  /** Whether the packet has arrived before; false for one beyond the window. */
  isDuplicate(number: number): boolean {
    return number < this.cumulative || this.#held.has(number)
  }

  /** When the acknowledgement is due. */
  get dueAt(): number | undefined {
    return this.#dueAt
  }

  acknowledgeBy(at: number): void {
    if (this.#dueAt === undefined || at < this.#dueAt) this.#dueAt = at
  }

  /** For a repetition, at once but not for each of a flood: an acknowledgement uses up a counter. */
  acknowledgeAgain(now: number): void {
    this.acknowledgeBy(Math.max(now, this.#acknowledgedAt + againMs))
  }

  /** A packet whose record may be handled now: its number is `cumulative`. */
  takeNext(bytes: number, now: number): void {
    const hasGap = this.newest > this.cumulative
    this.#count(this.cumulative, bytes, now)
    this.cumulative++
    if (hasGap) this.acknowledgeBy(now)
  }

  /** Keeps the record of a packet that came before its turn. */
  hold(number: number, record: Uint8Array, now: number): void {
    this.#held.set(number, record)
    this.heldBytes += record.length
    this.#addToRanges(number)
    this.#count(number, record.length, now)
    this.acknowledgeBy(now)
  }

  /** The record whose turn it is, if it was held. To be followed by `takeHeld`. */
  nextHeld(): Uint8Array | undefined {
    return this.#held.get(this.cumulative)
  }

  takeHeld(record: Uint8Array): void {
    this.#held.delete(this.cumulative)
    this.heldBytes -= record.length
    this.cumulative++
    const first = this.#ranges[0]
    if (first === undefined) return
    if (first.end <= this.cumulative) this.#ranges.shift()
    else this.#ranges[0] = { start: this.cumulative, end: first.end }
  }

  /** What to acknowledge; the caller sends it. */
  acknowledgement(now: number): { cumulative: number; ranges: readonly Range[] } {
    this.#dueAt = undefined
    this.#acknowledgedAt = now
    this.#unacknowledgedPackets = 0
    this.#unacknowledgedBytes = 0
    return { cumulative: this.cumulative, ranges: this.#ranges.slice(0, maxRanges) }
  }

  #count(number: number, bytes: number, now: number): void {
    if (number > this.newest) this.newest = number
    this.#unacknowledgedPackets++
    this.#unacknowledgedBytes += bytes
    const { ackPackets, ackBytes, ackDelayMs } = this.#limits
    const isMuch =
      this.#unacknowledgedPackets >= ackPackets || this.#unacknowledgedBytes >= ackBytes
    this.acknowledgeBy(isMuch ? now : now + ackDelayMs)
  }

  #addToRanges(number: number): void {
    const ranges = this.#ranges
    // Nearly always the packet extends the last range or begins a new one behind it.
    let at = ranges.length
    while (at > 0 && (ranges[at - 1] as Range).start > number) at--
    const before = ranges[at - 1]
    const after = ranges[at]
    const joinsBefore = before?.end === number
    const joinsAfter = after?.start === number + 1
    const start = joinsBefore ? before.start : number
    const end = joinsAfter ? after.end : number + 1
    ranges.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), {
      start,
      end,
    })
  }
}
