import { encodeFrame, type UndeliverableReason } from '@agent-mesh/core'
import type { RelayLimits } from './limits.js'

interface Run {
  readonly to: string
  readonly reason: UndeliverableReason
  readonly first: number
  count: number
}

/**
 * The packets of one connection that could not be passed on in this turn. Neighbours with the same
 * receiver and reason become one notice; a gap in the numbers begins another.
 */
export class Undeliverable {
  readonly #limits: RelayLimits
  #runs: Run[] = []
  readonly #latest = new Map<string, Run>()

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0
  }

  /** `to`: the receiver's 32 bytes as a latin1 string; `number`: of the sender's `send` frame. */
  add(to: string, reason: UndeliverableReason, number: number): void {
    const key = reason + to
    const latest = this.#latest.get(key)
    if (latest && latest.first + latest.count === number) {
      latest.count += 1
      return
    }
    const run: Run = { to, reason, first: number, count: 1 }
    this.#runs.push(run)
    this.#latest.set(key, run)
  }

  /** The notices so far, encoded, in the order of their first packets. */
  take(): Uint8Array[] {
    const runs = this.#runs
    this.#runs = []
    this.#latest.clear()
    return runs.map((run) =>
      encodeFrame({
        kind: 'undeliverable',
        to: Buffer.from(run.to, 'latin1'),
        reason: run.reason,
        first: run.first,
        count: run.count,
        retryAfterMs: this.#retryAfterMs(run.reason),
      }),
    )
  }

  #retryAfterMs(reason: UndeliverableReason): number {
    if (reason === 'congested') return this.#limits.congestedRetryMs
    return reason === 'offline' ? this.#limits.offlineRetryMs : 0
  }
}
