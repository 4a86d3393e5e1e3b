import { budgetBytes } from './limits.js'

/**
 * The one purse of a process: receive credit given away and bytes sent but unacknowledged. Whoever
 * takes must be able to go on when refused. The purposes have different ceilings, so that lent
 * credit never keeps a new call out, and credit never keeps anybody from sending.
 */
export type Purpose =
  /** More credit for a stream whose reader keeps up; records held behind a gap. */
  | 'lend'
  /** A new stream's own credit. */
  | 'stream'
  /** Unacknowledged packets. */
  | 'send'
  /** A session's only unacknowledged packet, without which nothing would ever move. */
  | 'floor'

const share: Record<Purpose, number> = { lend: 0.5, stream: 0.75, send: 0.875, floor: 1 }

export class Budget {
  readonly limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number = budgetBytes) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Whether more than half is gone: then those who hold most wait first. */
  get isTight(): boolean {
    return this.#usedBytes > this.limitBytes / 2
  }

  /** Takes all of `bytes` or nothing. */
  take(bytes: number, purpose: Purpose): boolean {
    if (this.#usedBytes + bytes > this.limitBytes * share[purpose]) return false
    this.#usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
  }
}
