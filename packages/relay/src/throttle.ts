import type { Clock } from '@agent-mesh/core'
import type { Tick } from './tick.js'
import type { TokenBucket } from './token-bucket.js'

export interface ThrottleOptions {
  rate: TokenBucket
  clock: Clock
  tick: Tick
  /** Stops and goes on reading the socket. */
  pause(): void
  resume(): void
  /** Runs `task` once after `ms`; answers the way to call it off. */
  after(ms: number, task: () => void): () => void
  /** Tells the client, once per pause, before it begins to wait. */
  announce(ms: number): void
}

/**
 * Keeps an agent to its rate by not reading its socket for a while. Nothing is dropped: what it
 * sends meanwhile waits in its own network buffers.
 */
export class Throttle {
  readonly #options: ThrottleOptions
  #isPaused = false
  #isStopped = false
  #callOff: (() => void) | undefined

  constructor(options: ThrottleOptions) {
    this.#options = options
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** One frame came. */
  count(): void {
    const { rate, clock, tick, pause } = this.#options
    if (!rate.take() || this.#isPaused || rate.waitMs(clock.now()) === 0) return
    this.#isPaused = true
    pause()
    // What was read already is still being handled; only after it the debt is known.
    tick.beforeFlush(() => this.#announce())
  }

  /** The link has ended: reads on, so that the other side's goodbye is heard. */
  stop(): void {
    this.#isStopped = true
    this.#callOff?.()
    if (this.#isPaused) this.#options.resume()
    this.#isPaused = false
  }

  #announce(): void {
    if (this.#isStopped) return
    const ms = Math.max(1, this.#options.rate.waitMs(this.#options.clock.now()))
    this.#options.announce(ms)
    if (!this.#isStopped) this.#resumeAfter(ms)
  }

  #resumeAfter(ms: number): void {
    const { after, rate, clock, resume } = this.#options
    this.#callOff = after(ms, () => {
      const waitMs = rate.waitMs(clock.now())
      if (waitMs > 0) {
        this.#resumeAfter(waitMs)
        return
      }
      this.#isPaused = false
      resume()
    })
  }
}
