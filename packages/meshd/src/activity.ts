/** What is under way and must have ended before the process does. */
export class Activity {
  readonly #running = new Set<Promise<unknown>>()

  track(work: Promise<unknown>): void {
    const ended = work
      .catch(() => undefined)
      .finally(() => {
        this.#running.delete(ended)
      })
    this.#running.add(ended)
  }

  /** Resolves when nothing is under way, what began in the meantime included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
