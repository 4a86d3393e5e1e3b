import { isIPv6 } from 'node:net'
import type { RelayLimits } from './limits.js'
import { TokenBucket } from './token-bucket.js'

interface Visitor {
  halfOpen: number
  readonly failures: TokenBucket
}

/**
 * How many strangers one address may bring. Logins that succeed cost nothing; the ones that come to
 * nothing have to be paid for, because each makes the relay verify a signature.
 */
export class Entrance {
  readonly #limits: RelayLimits
  readonly #visitors = new Map<string, Visitor>()

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#visitors.size
  }

  /** Undefined: come in, and end with `leave`. A number: come back after so many milliseconds. */
  enter(address: string, now: number): number | undefined {
    const visitor = this.#visitor(addressKey(address), now)
    const waitMs = visitor.failures.waitMs(now)
    if (waitMs > 0) return Math.max(waitMs, this.#limits.busyRetryMs)
    if (visitor.halfOpen >= this.#limits.halfOpenPerAddress) return this.#limits.busyRetryMs
    visitor.halfOpen += 1
    return undefined
  }

  /** A login has ended; `proven` is whether the agent was let in. */
  leave(address: string, proven: boolean): void {
    const visitor = this.#visitors.get(addressKey(address))
    if (!visitor) return
    // An address may have been forgotten and met anew in between.
    visitor.halfOpen = Math.max(0, visitor.halfOpen - 1)
    if (!proven) visitor.failures.take()
  }

  sweep(now: number): void {
    for (const [key, visitor] of this.#visitors) {
      if (visitor.halfOpen === 0 && visitor.failures.isFull(now)) this.#visitors.delete(key)
    }
  }

  #visitor(key: string, now: number): Visitor {
    const known = this.#visitors.get(key)
    if (known) return known
    if (this.#visitors.size >= this.#limits.addresses) {
      for (const oldest of this.#visitors.keys()) {
        this.#visitors.delete(oldest)
        break
      }
    }
    const failures = new TokenBucket({
      perSecond: this.#limits.failedLoginsPerSecond,
      burst: this.#limits.failedLogins,
      maxDebt: this.#limits.failedLogins,
      now,
    })
    const visitor = { halfOpen: 0, failures }
    this.#visitors.set(key, visitor)
    return visitor
  }
}

/** One customer is one address in IPv4 and a /64 in IPv6. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1] as string
  const [plain = ''] = address.split('%')
  const [head = '', tail = ''] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const zeros = plain.includes('::') ? Math.max(0, 8 - left.length - right.length) : 0
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
