import type { Readable } from 'node:stream'

/** When this has happened, a stream on which nothing moves for `ms` has ended. */
export interface Quiet {
  readonly after: (listener: () => void) => () => void
  readonly ms: number
}

const events = ['readable', 'end', 'close', 'error'] as const

/**
 * Reads a stream chunk by chunk, as fast as it is asked and no faster. It listens from its making
 * to the end of the stream: Node lets the output of a process that has exited run away into nothing
 * as soon as nobody listens for it (child_process, flushStdio), however much is still to be read.
 */
export class ChunkReader {
  readonly #stream: Readable
  #moved: (() => void) | undefined

  constructor(stream: Readable) {
    this.#stream = stream
    for (const event of events) stream.on(event, () => this.#moved?.())
  }

  /** Whether all of it was read. */
  get isAtEnd(): boolean {
    return this.#stream.readableEnded
  }

  /**
   * The next bytes, as they came; undefined at the end. One reader at a time.
   * @throws the stream's error
   */
  async next(quiet?: Quiet): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes = this.#stream.read() as Uint8Array | null
      if (bytes !== null) return bytes
      if (this.#stream.errored) throw this.#stream.errored
      if (this.#stream.readableEnded || this.#stream.destroyed) return undefined
      if (!(await this.#movement(quiet))) return undefined
    }
  }

  /** Resolves with true when something happens, with false after too long a silence. */
  #movement(quiet: Quiet | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      let unsubscribe: (() => void) | undefined
      const settle = (hasMoved: boolean) => {
        if (this.#moved !== moved) return
        this.#moved = undefined
        clearTimeout(timer)
        unsubscribe?.()
        resolve(hasMoved)
      }
      const moved = () => settle(true)
      this.#moved = moved
      unsubscribe = quiet?.after(() => {
        // What arrived while this process was busy is seen before the silence counts.
        timer = setTimeout(() => setImmediate(() => settle(false)), quiet.ms)
      })
    })
  }
}
