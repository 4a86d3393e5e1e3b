export interface TokenBucketOptions {
  perSecond: number
  burst: number
  /** Beyond it nothing more is owed, so that a wait stays bounded. */
  maxDebt?: number
  now: number
}

/** A rate with a burst. It may go into debt: whoever takes more than there is has to wait. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  readonly #maxDebt: number
  #tokens: number
  #refilledAt: number

  constructor(options: TokenBucketOptions) {
    this.#perMs = options.perSecond / 1000
    this.#burst = options.burst
    this.#maxDebt = options.maxDebt ?? Number.POSITIVE_INFINITY
    this.#tokens = options.burst
    this.#refilledAt = options.now
  }

  /**
   * Takes one token and says whether the bucket may be in debt: only then is it worth asking the
   * clock and `waitMs`, which keeps the clock out of the path of every packet.
   */
  take(): boolean {
    this.#tokens = Math.max(this.#tokens - 1, -this.#maxDebt)
    return this.#tokens < 0
  }

  /** Milliseconds until the debt is paid; 0 when there is none. */
  waitMs(now: number): number {
    this.#refill(now)
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs)
  }

  isFull(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.#burst
  }

  #refill(now: number): void {
    const elapsedMs = Math.max(0, now - this.#refilledAt)
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#perMs)
    this.#refilledAt = now
  }
}
