import { maxKeptBytes } from './limits.js'

/** What a process printed on one stream. */
export class KeptOutput {
  readonly chunks: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** @throws Error when there was more than is kept: what is cut off cannot be judged */
  get bytes(): Buffer {
    if (this.#length > maxKeptBytes) throw new Error(`over ${maxKeptBytes} bytes were printed`)
    return Buffer.concat(this.chunks)
  }

  add(chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#length <= maxKeptBytes) this.chunks.push(chunk)
  }
}
