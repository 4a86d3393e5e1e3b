import type { Clock } from '@agent-mesh/core'
import { limits } from './limits.js'
import type { Timers } from './timers.js'

/**
 * Notices that the machine slept: the wall clock went on while the monotonic one stood still, or
 * both went on while no timer ran. Links that seem alive may be long dead then.
 */
export class SleepWatch {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #onWake: () => void
  #disarm: (() => void) | undefined

  constructor(clock: Clock, timers: Timers, onWake: () => void) {
    this.#clock = clock
    this.#timers = timers
    this.#onWake = onWake
  }

  start(): void {
    if (this.#disarm === undefined) this.#arm()
  }

  stop(): void {
    this.#disarm?.()
    this.#disarm = undefined
  }

  #arm(): void {
    const now = this.#clock.now()
    const wall = this.#clock.wall()
    this.#disarm = this.#timers.after(limits.sleepCheckMs, () => {
      this.#arm()
      const passed = this.#clock.now() - now
      const passedOnWall = this.#clock.wall() - wall
      if (Math.max(passed, passedOnWall) > limits.sleepCheckMs + limits.sleepJumpMs) this.#onWake()
    })
  }
}
