import { limits } from '../limits.js'

/** What a queue writes to: a socket that says how much it still holds. */
export interface FrameSink {
  readonly bufferedBytes: number
  send(frame: Uint8Array): void
}

/**
 * Packets of one connection, in order, kept from a socket that is full. It is bounded: what does
 * not fit is refused, and the session hears of it as congestion.
 */
export class PacketQueue {
  readonly #sink: FrameSink
  #frames: Uint8Array[] = []
  #head = 0
  #bytes = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** True while frames wait for the socket: `flush` is to be called again in a moment. */
  get waiting(): boolean {
    return this.#bytes > 0
  }

  /** False when the queue is full; the frame was not taken then. */
  push(frame: Uint8Array): boolean {
    if (!this.waiting && this.#sink.bufferedBytes < limits.socketHighWaterBytes) {
      this.#sink.send(frame)
      return true
    }
    if (this.#bytes + frame.length > limits.linkQueueBytes) return false
    this.#frames.push(frame)
    this.#bytes += frame.length
    return true
  }

  /** Writes what the socket takes now. */
  flush(): void {
    while (this.#head < this.#frames.length) {
      if (this.#sink.bufferedBytes >= limits.socketHighWaterBytes) return
      const frame = this.#frames[this.#head] as Uint8Array
      this.#head += 1
      this.#bytes -= frame.length
      this.#sink.send(frame)
    }
    this.#frames = []
    this.#head = 0
  }
}
