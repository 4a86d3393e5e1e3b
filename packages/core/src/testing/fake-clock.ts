import type { Clock } from '../clock.js'

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number
  #wall: number

  constructor({ now = 0, wall = Date.UTC(2030, 0, 1) }: { now?: number; wall?: number } = {}) {
    this.#now = now
    this.#wall = wall
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#wall
  }

  /** Moves both clocks on. */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError('monotonic time does not go back')
    this.#now += ms
    this.#wall += ms
  }

  /** Sets the wall clock alone, as an administrator might: forwards or back. */
  setWall(ms: number): void {
    this.#wall = ms
  }
}
