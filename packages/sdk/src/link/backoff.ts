import { limits } from '../limits.js'

/**
 * Waits between attempts: doubling, with jitter, so that the clients of a relay that came back do
 * not all arrive at once.
 */
export class Backoff {
  readonly #random: () => number
  #failures = 0

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Attempts since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** Counts a failure and says how long to wait, in ms: between half of the step and all of it. */
  next(): number {
    const step = Math.min(limits.retryFirstMs * 2 ** this.#failures, limits.retryLongestMs)
    this.#failures += 1
    return step * (0.5 + this.#random() / 2)
  }

  reset(): void {
    this.#failures = 0
  }
}
