import { limits } from '../limits.js'
import { Backoff } from './backoff.js'

/**
 * The admission in hand, and when the next one is due. Only its length is taken from the registry's
 * times: a wrong wall clock here must neither expire nor prolong it.
 */
export class AdmissionKeeper {
  readonly #backoff: Backoff
  #document: Uint8Array | undefined
  #fetchedAt = 0
  #lifeMs = 0
  #used = false
  #fetching = false
  #fetchAt: number | undefined

  constructor(random: () => number) {
    this.#backoff = new Backoff(random)
  }

  get fetching(): boolean {
    return this.#fetching
  }

  /** The document, if it lives long enough to be worth a login. */
  usable(now: number): Uint8Array | undefined {
    const left = this.#fetchedAt + this.#lifeMs - now
    const worth = Math.min(limits.admissionShortestMs, this.#lifeMs / 2)
    return left >= worth ? this.#document : undefined
  }

  /** True for the first login with this document: a refusal cannot be blamed on its age then. */
  use(): boolean {
    const fresh = !this.#used
    this.#used = true
    return fresh
  }

  /** A relay does not take it (any more). */
  drop(): void {
    this.#document = undefined
    this.#fetchAt = undefined
  }

  /** True when a fetch has to begin now. */
  request(): boolean {
    if (this.#fetching) return false
    this.#fetching = true
    this.#fetchAt = undefined
    return true
  }

  /** `lifeMs`: from now to `notAfter`, by the registry's clock. */
  arrived(document: Uint8Array, lifeMs: number, now: number): void {
    this.#fetching = false
    this.#backoff.reset()
    this.#document = document
    this.#fetchedAt = now
    this.#lifeMs = lifeMs
    this.#used = false
    this.#fetchAt = now + lifeMs * limits.renewAfter
  }

  failed(now: number): void {
    this.#fetching = false
    this.#fetchAt = now + this.#backoff.next()
  }

  /** Tries now where it waited. */
  hasten(now: number): void {
    if (this.#fetchAt !== undefined) this.#fetchAt = now
  }

  deadline(): number | undefined {
    return this.#fetching ? undefined : this.#fetchAt
  }
}
