import type { Direction } from './faults.js'

/** What passed on one connection, in the order in which it passed. */
export class Recording {
  /** False when something did not fit: then nothing can be said about what did not pass. */
  isComplete = true
  readonly #budget: RecordingBudget
  readonly #chunks: Record<Direction, Buffer[]> = { up: [], down: [] }

  constructor(budget: RecordingBudget) {
    this.#budget = budget
  }

  /** From the client to the target. */
  get up(): Buffer {
    return Buffer.concat(this.#chunks.up)
  }

  get down(): Buffer {
    return Buffer.concat(this.#chunks.down)
  }

  add(direction: Direction, chunk: Buffer): void {
    if (this.isComplete && this.#budget.take(chunk.length)) this.#chunks[direction].push(chunk)
    else this.isComplete = false
  }
}

/** Bytes that all recordings of a proxy may hold together. */
export class RecordingBudget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}
