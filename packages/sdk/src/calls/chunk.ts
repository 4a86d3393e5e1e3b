import type { Chunk } from '@agent-mesh/core'

export type { Chunk }

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/** One message of a streamed body, or a `Chunk` where the caller sets the borders itself. */
export type BodyItem = Uint8Array | string | Chunk

/**
 * What can be sent. Bytes and strings go as they are, other JSON values as JSON text, each as one
 * message; an iterable or a ReadableStream is sent item by item, each item one message.
 * Buffers belong to the mesh until the call is over: do not write into them.
 */
export type Body =
  | undefined
  | JsonValue
  | Uint8Array
  | AsyncIterable<BodyItem>
  | ReadableStream<BodyItem>

const encoder = new TextEncoder()

/** The content type a body has when its sender names none. */
export function defaultType(body: Body): string | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return 'application/octet-stream'
  if (typeof body === 'string') return 'text/plain; charset=utf-8'
  return isStreamed(body) ? undefined : 'application/json'
}

/** The whole body as one chunk, or undefined if it has to be awaited item by item. */
export function wholeBody(body: Body): Chunk | 'empty' | undefined {
  if (body === undefined) return 'empty'
  if (isStreamed(body)) return undefined
  if (body instanceof Uint8Array || typeof body === 'string') return chunkOf(body)
  return { bytes: encoder.encode(JSON.stringify(body)), endOfMessage: true }
}

export function chunkOf(item: BodyItem): Chunk {
  if (typeof item === 'string') return { bytes: encoder.encode(item), endOfMessage: true }
  if (item instanceof Uint8Array) return { bytes: item, endOfMessage: true }
  if (item?.bytes instanceof Uint8Array) return item
  throw new TypeError('a streamed body yields Uint8Array, string or { bytes, endOfMessage }')
}

/** Reading stops the source: `return` of the iterator, or `cancel` of the ReadableStream. */
export function itemsOf(body: Body): AsyncIterator<BodyItem> {
  if (!isStreamed(body)) throw new TypeError('not a streamed body')
  // Not every platform lets a ReadableStream be iterated.
  if (!('getReader' in body)) return body[Symbol.asyncIterator]()
  const reader = body.getReader()
  return {
    async next() {
      const { done, value } = await reader.read()
      return done ? { done, value: undefined } : { done, value }
    },
    async return() {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}

/** Tells the source of a streamed body that nobody wants it. */
export function stopBody(body: Body): void {
  if (isStreamed(body)) stopItems(itemsOf(body))
}

/** Not awaited: a generator that is stuck would never answer. */
export function stopItems(items: AsyncIterator<BodyItem>): void {
  void (async () => items.return?.())().catch(() => undefined)
}

function isStreamed(body: Body): body is AsyncIterable<BodyItem> | ReadableStream<BodyItem> {
  if (typeof body !== 'object' || body === null) return false
  return Symbol.asyncIterator in body || 'getReader' in body
}
