export type Direction = 'up' | 'down'

/** Data of one direction is held back while it is frozen; nothing is lost by that. */
export class Gate {
  #open: (() => void) | undefined
  #opened: Promise<void> = Promise.resolve()

  get isClosed(): boolean {
    return this.#open !== undefined
  }

  /** Settles at once while it is open. */
  passed(): Promise<void> {
    return this.#opened
  }

  close(): void {
    if (this.isClosed) return
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open?.()
    this.#open = undefined
  }
}

/** What is wrong with one direction of a wire now. Shared by all connections of a proxy. */
export class Faults {
  readonly gate = new Gate()
  delayMs = 0
  /** Per connection. */
  bytesPerSecond = Number.POSITIVE_INFINITY
  /** Bytes are taken and thrown away. */
  isSwallowing = false
}
