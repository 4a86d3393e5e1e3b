import type { SessionLimits } from './limits.js'
import { maxRecordBytes } from './limits.js'

/**
 * How much a session may have under way on its link, and how long it waits for word of it. The
 * window starts anew with every link; the round trip is that of the newest measurements.
 */
export class Congestion {
  readonly #limits: SessionLimits
  windowBytes: number
  /** Until then nothing is sent: the link asked for a pause. */
  pausedUntil = 0
  roundTripMs: number | undefined
  #threshold = Number.POSITIVE_INFINITY
  #halvedAt = Number.NEGATIVE_INFINITY
  #timeouts = 0

  constructor(limits: SessionLimits) {
    this.#limits = limits
    this.windowBytes = limits.congestionBytes
  }

  /** Timeouts in a row. */
  get timeouts(): number {
    return this.#timeouts
  }

  /** How long to wait for an acknowledgement: max(1 s, 4 RTT), doubling to 15 s. */
  get resendAfterMs(): number {
    const { minResendMs, maxResendMs } = this.#limits
    const first = Math.max(minResendMs, 4 * (this.roundTripMs ?? 0))
    return Math.min(maxResendMs, first * 2 ** Math.min(this.#timeouts, 10))
  }

  measured(roundTripMs: number): void {
    this.roundTripMs =
      this.roundTripMs === undefined ? roundTripMs : 0.875 * this.roundTripMs + 0.125 * roundTripMs
  }

  /** Timeouts count from the start again. */
  restart(): void {
    this.#timeouts = 0
  }

  acknowledged(bytes: number): void {
    const isSlowStart = this.windowBytes < this.#threshold
    const growth = isSlowStart ? bytes : (bytes * maxRecordBytes) / this.windowBytes
    this.windowBytes = Math.min(this.#limits.maxCongestionBytes, this.windowBytes + growth)
  }

  timedOut(now: number): void {
    this.#timeouts++
    this.#halve(now)
  }

  congested(pauseMs: number, now: number): void {
    this.#halve(now)
    this.pausedUntil = now + Math.min(pauseMs, this.#limits.maxResendMs)
  }

  /** The session goes over another link now. */
  linkChanged(): void {
    this.windowBytes = this.#limits.congestionBytes
    this.pausedUntil = 0
    this.#threshold = Number.POSITIVE_INFINITY
  }

  /** Once per round trip at most: what was under way at the time is lost for one reason. */
  #halve(now: number): void {
    if (now - this.#halvedAt < (this.roundTripMs ?? 0)) return
    this.#halvedAt = now
    this.windowBytes = Math.max(this.#limits.minCongestionBytes, this.windowBytes / 2)
    this.#threshold = this.windowBytes
  }
}
