import { concat, MeshError } from '@agent-mesh/core'
import { limits } from '../limits.js'
import type { CallStream } from './call-stream.js'
import type { Chunk, JsonValue } from './chunk.js'

export interface CollectOptions {
  /** A longer body rejects with `too-large`. Default 16 MiB. */
  readonly maxBytes?: number
}

/**
 * A body on its way in. It can be read once, in one of these ways; whichever comes first claims it.
 * Leaving an iteration early tells `onBreak`.
 */
export class BodyReader {
  readonly #stream: CallStream
  readonly #onBreak: () => void
  #claimed = false

  constructor(stream: CallStream, onBreak: () => void) {
    this.#stream = stream
    this.#onBreak = onBreak
  }

  /** Pieces as they come, with the borders of messages. Nothing is gathered. */
  async *chunks(): AsyncGenerator<Chunk, void, undefined> {
    this.#claim()
    let whole = false
    try {
      for (;;) {
        const chunk = await this.#stream.read()
        if (chunk === undefined) break
        yield chunk
      }
      whole = true
    } finally {
      if (!whole) this.#onBreak()
    }
  }

  /** The bytes as they come, without borders. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { bytes } of this.chunks()) if (bytes.length > 0) yield bytes
  }

  /** Whole messages. One above the bound rejects with `too-large`. */
  async *messages(
    maxBytes: number = limits.messageBytes,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let parts: Uint8Array[] = []
    let size = 0
    for await (const { bytes, endOfMessage } of this.chunks()) {
      size += bytes.length
      if (size > maxBytes) throw tooLarge('a message', maxBytes)
      parts.push(bytes)
      if (!endOfMessage) continue
      yield join(parts)
      parts = []
      size = 0
    }
    // A sender that sets no borders at all has sent one message.
    if (size > 0) yield join(parts)
  }

  async bytes(options: CollectOptions = {}): Promise<Uint8Array> {
    const maxBytes = options.maxBytes ?? limits.collectBytes
    const parts: Uint8Array[] = []
    let size = 0
    for await (const { bytes } of this.chunks()) {
      size += bytes.length
      if (size > maxBytes) throw tooLarge('the body', maxBytes)
      parts.push(bytes)
    }
    return join(parts)
  }

  async text(options?: CollectOptions): Promise<string> {
    const bytes = await this.bytes(options)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (cause) {
      throw new MeshError('invalid', 'the body is not UTF-8 text', { cause })
    }
  }

  async json(options?: CollectOptions): Promise<JsonValue> {
    const text = await this.text(options)
    try {
      return JSON.parse(text) as JsonValue
    } catch (cause) {
      throw new MeshError('invalid', 'the body is not JSON', { cause })
    }
  }

  #claim(): void {
    if (this.#claimed) throw new TypeError('a body can be read once')
    this.#claimed = true
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : concat(...parts)
}

function tooLarge(what: string, maxBytes: number): MeshError {
  return new MeshError('too-large', `${what} is longer than ${maxBytes} bytes`, {
    details: { maxBytes },
  })
}
