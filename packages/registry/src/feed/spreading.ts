import type { Spread } from '@agent-mesh/api'
import type { Follower } from './follower.js'

/** Waits until the followers that a change concerns have acknowledged it. */
export class Spreading {
  readonly #sequence: number
  readonly #followers: Set<Follower>
  readonly #finish: (spread: Spread) => void
  #finished = false
  readonly done: Promise<Spread>

  constructor(sequence: number, followers: Iterable<Follower>) {
    this.#sequence = sequence
    this.#followers = new Set(followers)
    let finish: (spread: Spread) => void = () => {}
    this.done = new Promise((resolve) => {
      finish = resolve
    })
    this.#finish = finish
    this.check()
  }

  /** An acknowledgement came. True when there is nothing left to wait for. */
  check(): boolean {
    if (!this.#finished && this.#count().pending === 0) this.finish()
    return this.#finished
  }

  /** A follower went away: it is not up any more, and gets a snapshot when it returns. */
  forget(follower: Follower): boolean {
    this.#followers.delete(follower)
    return this.check()
  }

  /** Answers with what is known now. */
  finish(): void {
    this.#finished = true
    this.#finish(this.#count())
  }

  /** Connections of one process count as one daemon; it has the change when all of them have. */
  #count(): Spread {
    const daemons = new Map<unknown, boolean>()
    for (const follower of this.#followers) {
      const daemon = follower.instance ?? follower
      daemons.set(daemon, follower.has(this.#sequence) && daemons.get(daemon) !== false)
    }
    let acknowledged = 0
    for (const has of daemons.values()) if (has) acknowledged += 1
    return { acknowledged, pending: daemons.size - acknowledged }
  }
}
