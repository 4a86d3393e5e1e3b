import type { Clock } from '@agent-mesh/core'
import type { Timers } from '../timers.js'

/** A deadline of any length; the platform's timers alone end after 24 days. */
export class DeadlineTimer {
  readonly #clock: Clock
  readonly #timers: Timers
  #disarm: (() => void) | undefined

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock
    this.#timers = timers
  }

  start(ms: number, expired: () => void): void {
    this.#arm(this.#clock.now() + ms, expired)
  }

  cancel(): void {
    this.#disarm?.()
    this.#disarm = undefined
  }

  #arm(at: number, expired: () => void): void {
    this.#disarm = this.#timers.after(at - this.#clock.now(), () => {
      if (this.#clock.now() < at) this.#arm(at, expired)
      else expired()
    })
  }
}
