/**
 * Work that waits for the end of the current turn of the event loop. Everything that arrived in one
 * turn is written with one system call per receiver: that call is what forwarding costs.
 */
export class Tick {
  readonly #schedule: (run: () => void) => void
  #notices: (() => void)[] = []
  #flushes: (() => void)[] = []
  #isScheduled = false

  /** `schedule` calls once, later; by default after the poll phase has read every ready socket. */
  constructor(schedule: (run: () => void) => void = (run) => void setImmediate(run)) {
    this.#schedule = schedule
  }

  /** Runs before the flushes of this turn and may still queue frames. */
  beforeFlush(task: () => void): void {
    this.#notices.push(task)
    this.#wake()
  }

  flush(task: () => void): void {
    this.#flushes.push(task)
    this.#wake()
  }

  #wake(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(() => this.#run())
  }

  #run(): void {
    const notices = this.#notices
    this.#notices = []
    for (const task of notices) task()
    const flushes = this.#flushes
    this.#flushes = []
    // From here on a task belongs to the next turn.
    this.#isScheduled = false
    for (const task of flushes) task()
    if (this.#notices.length > 0) this.#wake()
  }
}
