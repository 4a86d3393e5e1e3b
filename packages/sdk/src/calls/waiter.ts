/** One place where one reader or writer sleeps until the other side of a queue moves. */
export class Waiter {
  #wake: (() => void) | undefined

  /** Resolves at the next `wake`. Whoever waits looks again at what it waited for. */
  wait(): Promise<void> {
    if (this.#wake !== undefined) throw new TypeError('a stream is read by one reader at a time')
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
