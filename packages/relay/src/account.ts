import type { Clock } from '@agent-mesh/core'
import type { RelayLimits } from './limits.js'
import { TokenBucket } from './token-bucket.js'

/** What one agent uses of the relay. It outlives a connection, so reconnecting buys nothing. */
export interface Account {
  /** Bytes that wait in other agents' send-queues because this one sent them. */
  heldBytes: number
  /** Live connections on it. */
  links: number
  readonly rate: TokenBucket
}

export class Accounts {
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #accounts = new Map<string, Account>()

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  get size(): number {
    return this.#accounts.size
  }

  /** The account of an agent for one more link; the link takes itself off when it ends. */
  enter(key: string): Account {
    const account = this.#accounts.get(key) ?? createAccount(this.#limits, this.#clock.now())
    account.links += 1
    this.#accounts.set(key, account)
    return account
  }

  /** Forgets accounts from which nothing could be learned any more. */
  sweep(now: number): void {
    for (const [key, account] of this.#accounts) {
      if (account.links === 0 && account.heldBytes === 0 && account.rate.isFull(now)) {
        this.#accounts.delete(key)
      }
    }
  }
}

export function createAccount(limits: RelayLimits, now: number): Account {
  const rate = new TokenBucket({
    perSecond: limits.framesPerSecond,
    burst: limits.burstFrames,
    now,
  })
  return { heldBytes: 0, links: 0, rate }
}
