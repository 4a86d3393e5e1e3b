import type { Clock } from '@agent-mesh/core'

/**
 * Numbers for accepted connections that grow across restarts: microseconds since 1970, and always
 * more than the last. Whoever hears of an agent from two connections believes the larger.
 */
export class Epochs {
  readonly #clock: Clock
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get last(): number {
    return this.#last
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#clock.wall() * 1000))
    return this.#last
  }
}
