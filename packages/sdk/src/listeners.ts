/** Who wants to hear of something. A listener that throws harms neither the others nor the source. */
export class Listeners<T> {
  readonly #all = new Set<(event: T) => void>()

  /** Returns the way to stop listening. */
  add(listener: (event: T) => void): () => void {
    // Wrapped, so that one function added twice is two listeners.
    const entry = (event: T): void => listener(event)
    this.#all.add(entry)
    return () => {
      this.#all.delete(entry)
    }
  }

  emit(event: T): void {
    for (const listener of [...this.#all]) {
      try {
        listener(event)
      } catch (error) {
        surface(error)
      }
    }
  }
}

/** An error that is not ours to handle and not to be lost becomes an uncaught one of its own. */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
