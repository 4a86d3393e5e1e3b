import { MeshError } from '@agent-mesh/core'

export interface GuessLimits {
  readonly windowMs: number
  readonly perAddress: number
  readonly inTotal: number
  readonly addresses: number
}

interface Window {
  startedAt: number
  count: number
}

/**
 * Limits guesses at login codes, per address and in total, in windows of fixed length. A guess is
 * counted before it is judged, so that many at once cannot slip through; a right one is given back.
 */
export class Guesses {
  readonly #limits: GuessLimits
  readonly #total: Window = { startedAt: 0, count: 0 }
  readonly #addresses = new Map<string, Window>()

  constructor(limits: GuessLimits) {
    this.#limits = limits
  }

  /** @throws MeshError `congested`, with `retryAfterMs`, when there were too many. */
  count(address: string, now: number): void {
    const { perAddress, inTotal } = this.#limits
    const own = this.#windowOf(networkOf(address), now)
    this.#renew(this.#total, now)
    const full =
      own.count >= perAddress ? own : this.#total.count >= inTotal ? this.#total : undefined
    if (full !== undefined) {
      const retryAfterMs = Math.max(1, full.startedAt + this.#limits.windowMs - now)
      throw new MeshError('congested', 'too many wrong codes; try again later', {
        details: { retryAfterMs },
      })
    }
    own.count += 1
    this.#total.count += 1
  }

  /** The last guess of this address was right. */
  giveBack(address: string): void {
    const own = this.#addresses.get(networkOf(address))
    if (own !== undefined && own.count > 0) own.count -= 1
    if (this.#total.count > 0) this.#total.count -= 1
  }

  #windowOf(network: string, now: number): Window {
    const known = this.#addresses.get(network)
    if (known !== undefined) {
      this.#renew(known, now)
      return known
    }
    if (this.#addresses.size >= this.#limits.addresses) {
      // Oldest first, by insertion. Whoever owns so many addresses meets the total limit instead.
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest)
        break
      }
    }
    const fresh = { startedAt: now, count: 0 }
    this.#addresses.set(network, fresh)
    return fresh
  }

  #renew(window: Window, now: number): void {
    const age = now - window.startedAt
    // A negative age is a wall clock that was set back: its window would last until that time.
    if (age >= 0 && age < this.#limits.windowMs && window.count > 0) return
    window.startedAt = now
    window.count = 0
  }
}

/** One subscriber: an IPv4 address, or an IPv6 /64, which is what one subscriber has to spend. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::', 2)
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = Math.max(0, 8 - front.length - back.length)
  const zeros = tail === undefined ? [] : Array<string>(missing).fill('0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}
