interface DirectorySaverOptions {
  /** Writes what is now known. */
  readonly save: () => void
  /** Saves are at least this far apart. */
  readonly intervalMs: number
  readonly onError: (error: unknown) => void
}

/**
 * Saves the first news at once, so that a revocation is on disk when it is in force, and what
 * follows on its heels together. Disposing saves what is still to be saved.
 */
export class DirectorySaver implements Disposable {
  readonly #options: DirectorySaverOptions
  #timer: NodeJS.Timeout | undefined
  #isDue = false

  constructor(options: DirectorySaverOptions) {
    this.#options = options
  }

  /** Something changed. */
  note(): void {
    this.#isDue = true
    if (this.#timer === undefined) this.#saveAndPause()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isDue) this.#save()
  }

  #saveAndPause(): void {
    this.#save()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#isDue) this.#saveAndPause()
    }, this.#options.intervalMs)
    this.#timer.unref()
  }

  #save(): void {
    this.#isDue = false
    try {
      this.#options.save()
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
