import { limits } from '../limits.js'

/**
 * How long a relay's word that a peer is offline says nothing after an outage: the others come back
 * one by one, and being the first must not cost a call.
 */
export class Outage {
  #since: number | undefined
  #patientUntil = 0

  /** The link that carried packets is gone. */
  begin(now: number): void {
    this.#since ??= now
  }

  /** A new one carries packets. About as long as the outage, so far apart are attempts by now. */
  resume(now: number): void {
    if (this.#since === undefined) return
    const { offlineShortestMs, offlineLongestMs } = limits
    const patienceMs = Math.min(Math.max(now - this.#since, offlineShortestMs), offlineLongestMs)
    this.#patientUntil = now + patienceMs
  }

  /** The relay let us in: the next loss is another outage. */
  end(): void {
    this.#since = undefined
  }

  excuses(now: number): boolean {
    return now < this.#patientUntil
  }
}
