/** Something with a deadline of its own. */
export interface Timed {
  /** When `tick` is due; undefined for never. */
  deadline(): number | undefined
  tick(): void
  /** The heap's own notes; nobody else touches them. */
  heapAt: number
  heapPosition: number
}

/**
 * A binary heap of deadlines. Each item is in it once at most and moves when its deadline does, so
 * a tick costs only those that are due.
 */
export class Timers {
  readonly #heap: Timed[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The earliest deadline. */
  next(): number | undefined {
    return this.#heap[0]?.heapAt
  }

  /** The item whose deadline has passed, taken out; to be scheduled again after its tick. */
  takeDue(now: number): Timed | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.heapAt > now) return undefined
    this.remove(first)
    return first
  }

  /** Reads the item's deadline again. */
  schedule(item: Timed): void {
    const at = item.deadline()
    if (at === undefined) {
      this.remove(item)
      return
    }
    if (item.heapPosition < 0) {
      item.heapPosition = this.#heap.length
      this.#heap.push(item)
    } else if (item.heapAt === at) {
      return
    }
    item.heapAt = at
    this.#settle(item)
  }

  remove(item: Timed): void {
    const position = item.heapPosition
    if (position < 0) return
    item.heapPosition = -1
    const last = this.#heap.pop() as Timed
    if (last === item) return
    this.#put(last, position)
    this.#settle(last)
  }

  #settle(item: Timed): void {
    let position = item.heapPosition
    while (position > 0) {
      const parent = (position - 1) >> 1
      const above = this.#heap[parent] as Timed
      if (above.heapAt <= item.heapAt) break
      this.#put(above, position)
      position = parent
    }
    for (;;) {
      const below = this.#smallerChild(position)
      if (below === undefined || below.heapAt >= item.heapAt) break
      const next = below.heapPosition
      this.#put(below, position)
      position = next
    }
    this.#put(item, position)
  }

  #smallerChild(position: number): Timed | undefined {
    const left = this.#heap[2 * position + 1]
    const right = this.#heap[2 * position + 2]
    if (left === undefined || right === undefined) return left
    return right.heapAt < left.heapAt ? right : left
  }

  #put(item: Timed, position: number): void {
    this.#heap[position] = item
    item.heapPosition = position
  }
}
