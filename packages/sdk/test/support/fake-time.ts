import { FakeClock } from '@agent-mesh/core/testing'
import type { Timers } from '../../src/timers.js'

interface Entry {
  readonly at: number
  readonly run: () => void
}

/** A clock and timers that move only when a test says so. */
export class FakeTime implements Timers {
  readonly clock = new FakeClock({ now: 1_000 })
  readonly #entries = new Set<Entry>()

  get pending(): number {
    return this.#entries.size
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.clock.now() + Math.max(0, ms), run }
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  /** Moves time on, running every timer at its own moment. */
  advance(ms: number): void {
    const until = this.clock.now() + ms
    for (;;) {
      const next = [...this.#entries].sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > until) break
      this.#entries.delete(next)
      this.clock.advance(Math.max(0, next.at - this.clock.now()))
      next.run()
    }
    this.clock.advance(until - this.clock.now())
  }
}

/** Lets everything happen that only waits for promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
