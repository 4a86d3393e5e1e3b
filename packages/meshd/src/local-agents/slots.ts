import { MeshError } from '@agent-mesh/core'

interface SlotLimits {
  readonly running: number
  readonly queued: number
}

interface Waiting {
  readonly start: () => void
}

/** So many at once, so many in line, in the order they came; whoever finds the line full is told. */
export class Slots {
  readonly #limits: SlotLimits
  readonly #queue = new Set<Waiting>()
  #running = 0

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get queued(): number {
    return this.#queue.size
  }

  /**
   * Resolves with the function that gives the slot back; calling it twice is fine.
   * @throws MeshError 'busy' when the line is full, or the signal's reason
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#running < this.#limits.running) {
      this.#running++
    } else {
      if (this.#queue.size >= this.#limits.queued) {
        throw new MeshError('busy', 'the agent has as many calls waiting as it may', {
          details: { running: this.#running, queued: this.#queue.size },
        })
      }
      await this.#wait(signal)
    }
    let held = true
    return () => {
      if (held) this.#giveBack()
      held = false
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.delete(waiting)
        reject(signal.reason)
      }
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.add(waiting)
    })
  }

  /** The slot passes to the next in line; the number of running ones only falls when there is none. */
  #giveBack(): void {
    const [next] = this.#queue
    if (next === undefined) {
      this.#running--
      return
    }
    this.#queue.delete(next)
    next.start()
  }
}
