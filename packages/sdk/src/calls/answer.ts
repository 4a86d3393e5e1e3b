import { type AgentId, MeshError } from '@agent-mesh/core'
import { BodyReader, type CollectOptions } from './body-reader.js'
import { type CallStream, canceled } from './call-stream.js'
import type { Chunk, JsonValue } from './chunk.js'

export interface AnswerFacts {
  readonly peer: AgentId
  readonly call: string
  readonly type: string | undefined
  readonly meta: Readonly<Record<string, string>>
}

/**
 * The answer to a call: its header is here, its body perhaps still on the way. The body can be read
 * once, in one of the ways below. An answer that nobody reads holds a stream open: read it, cancel
 * it, or let `await using` do so.
 */
export class Answer implements AsyncDisposable, AsyncIterable<Uint8Array> {
  readonly peer: AgentId
  /** The call's id. */
  readonly call: string
  /** Content type, if the handler named one or the kind of its body did. */
  readonly type: string | undefined
  readonly meta: Readonly<Record<string, string>>
  readonly #stream: CallStream
  readonly #reader: BodyReader

  constructor(stream: CallStream, facts: AnswerFacts) {
    this.peer = facts.peer
    this.call = facts.call
    this.type = facts.type
    this.meta = facts.meta
    this.#stream = stream
    this.#reader = new BodyReader(stream, () => this.cancel())
  }

  /** Whole messages; one above 16 MiB rejects with `too-large`. `break` cancels the call. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#reader.messages()
  }

  /** Pieces as they come, with the borders of messages. `break` cancels the call. */
  chunks(): AsyncGenerator<Chunk, void, undefined> {
    return this.#reader.chunks()
  }

  /** The bytes as they come, without borders. `break` cancels the call. */
  body(): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#reader.body()
  }

  /** @throws MeshError `too-large` above `maxBytes` (default 16 MiB). */
  bytes(options?: CollectOptions): Promise<Uint8Array> {
    return this.#reader.bytes(options)
  }

  /** @throws MeshError `invalid` when it is not UTF-8, `too-large` as `bytes`. */
  text(options?: CollectOptions): Promise<string> {
    return this.#reader.text(options)
  }

  /** @throws MeshError `invalid` when it is not JSON, `too-large` as `bytes`. */
  json(options?: CollectOptions): Promise<JsonValue> {
    return this.#reader.json(options)
  }

  /** Gives up what has not come yet; the far side hears it. Nothing happens on a whole answer. */
  cancel(reason: unknown = canceled()): void {
    if (!this.#stream.readEnded) this.#stream.fail(reason, { tell: 'cancel' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
  }
}

/** The error of a call as its caller reads it: same code, a sentence with the names involved. */
export function callError(error: MeshError, peer: string, capability: string): MeshError {
  return new MeshError(error.code, `${capability} on ${peer}: ${error.message}`, {
    cause: error,
    details: error.details,
    hint: error.hint,
  })
}
