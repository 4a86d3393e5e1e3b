import type { QueueWire } from '../send-queue.js'
import { Tick } from '../tick.js'

/** A tick whose turns end when the test says so. */
export class FakeTick extends Tick {
  #run: (() => void) | undefined

  constructor() {
    super((run) => {
      this.#run = run
    })
  }

  end(): void {
    while (this.#run) {
      const run = this.#run
      this.#run = undefined
      run()
    }
  }
}

/** A socket that passes on what it holds when the test says so. */
export class FakeWire implements QueueWire {
  /** Everything ever written. */
  readonly frames: Uint8Array[] = []
  /** How often the socket was let go, which is how often the system was called. */
  uncorks = 0
  #corks = 0
  #waiting: (() => void)[] = []

  write(frame: Uint8Array, written?: () => void): void {
    this.frames.push(frame)
    if (written) this.#waiting.push(written)
  }

  cork(): void {
    this.#corks += 1
  }

  uncork(): void {
    this.#corks -= 1
    this.uncorks += 1
  }

  /** The receiver takes everything that was let go. */
  take(): void {
    if (this.#corks > 0) throw new Error('taken while corked')
    this.die()
  }

  /** The socket is gone, and answers for all that it was given, corked or not. */
  die(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const written of waiting) written()
  }
}
