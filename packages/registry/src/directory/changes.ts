import type { Feed, GroupChange } from '../feed/feed.js'
import type { Store, StoreWriter } from '../store/store.js'

/** What a piece of work did: its result, and what followers have to hear, if anything. */
export interface Outcome<T> {
  readonly result: T
  readonly change?: Omit<GroupChange, 'sequence'>
}

export interface Committed<T> {
  readonly result: T
  /** The newest sequence number after this commit. */
  readonly sequence: number
}

/** The one way by which anything that followers see is changed: commit first, then tell. */
export class Changes {
  readonly #store: Store
  readonly #feed: Feed

  constructor(store: Store, feed: Feed) {
    this.#store = store
    this.#feed = feed
  }

  commit<T>(work: (tx: StoreWriter) => Outcome<T>): Committed<T> {
    const { outcome, sequence } = this.#store.change((tx) => {
      const outcome = work(tx)
      const { settings } = tx
      return { outcome, sequence: outcome.change ? settings.advance() : settings.sequence() }
    })
    if (outcome.change) this.#feed.publish({ ...outcome.change, sequence })
    return { result: outcome.result, sequence }
  }
}
