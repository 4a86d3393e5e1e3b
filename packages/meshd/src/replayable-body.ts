/**
 * A body that can be begun again as long as little of it was read, for a call that is tried until
 * its target is there. What was read is kept up to a bound, and dropped once it is not needed.
 */
export class ReplayableBody {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #maxBytes: number
  /** What was read and may be asked for again; before it, `#dropped` chunks are gone. */
  readonly #kept: Uint8Array[] = []
  #keptBytes = 0
  #dropped = 0
  #settled = false
  #ended = false
  #pending: Promise<void> | undefined

  constructor(source: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#source = source[Symbol.asyncIterator]()
    this.#maxBytes = maxBytes
  }

  /** Whether `read` would give all of the body, from its first byte. */
  get canReplay(): boolean {
    return !this.#settled
  }

  /** The body from its first byte. A newer reading ends the one before. */
  async *read(): AsyncGenerator<Uint8Array, void> {
    let position = 0
    for (;;) {
      if (position < this.#dropped) throw new TypeError('this part of the body is gone')
      const bytes = this.#kept[position - this.#dropped]
      if (bytes !== undefined) {
        position++
        if (this.#settled) this.#dropBefore(position)
        yield bytes
      } else if (this.#ended) {
        return
      } else {
        // An abandoned reading may still wait for the same piece; asking twice would lose it one.
        this.#pending ??= this.#pull()
        await this.#pending
      }
    }
  }

  /** Nothing will be asked for again. */
  settle(): void {
    this.#settled = true
  }

  async #pull(): Promise<void> {
    try {
      const item = await this.#source.next()
      if (item.done) {
        this.#ended = true
        return
      }
      this.#kept.push(item.value)
      this.#keptBytes += item.value.length
      if (this.#keptBytes > this.#maxBytes) this.#settled = true
    } finally {
      this.#pending = undefined
    }
  }

  #dropBefore(position: number): void {
    for (const bytes of this.#kept.splice(0, position - this.#dropped)) {
      this.#keptBytes -= bytes.length
    }
    this.#dropped = position
  }
}
