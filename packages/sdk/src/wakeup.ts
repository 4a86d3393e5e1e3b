import type { Clock } from '@agent-mesh/core'
import type { Timers } from './timers.js'

/**
 * The one timer of a machine. A deadline that moved further away costs nothing: the timer fires
 * when it was set for, sees that it is early and is set again.
 */
export class Wakeup {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #run: () => void
  #due: number | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #disarm: (() => void) | undefined

  /** `run` is called at or after the newest deadline; it says the next one with `at`. */
  constructor(clock: Clock, timers: Timers, run: () => void) {
    this.#clock = clock
    this.#timers = timers
    this.#run = run
  }

  /** The machine's deadline now, in monotonic ms; undefined: none. */
  at(due: number | undefined): void {
    this.#due = due
    if (due === undefined || due >= this.#armedFor) return
    this.#arm(due)
  }

  cancel(): void {
    this.#due = undefined
    this.#disarm?.()
    this.#disarm = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #arm(due: number): void {
    this.#disarm?.()
    this.#armedFor = due
    this.#disarm = this.#timers.after(due - this.#clock.now(), () => {
      this.#disarm = undefined
      this.#armedFor = Number.POSITIVE_INFINITY
      const now = this.#due
      if (now === undefined) return
      if (now > this.#clock.now()) this.#arm(now)
      else this.#run()
    })
  }
}
