import { once } from 'node:events'
import type { Writable } from 'node:stream'

/**
 * Writes a body as fast as the stream takes it, and ends the stream. Stops early without an error
 * when the far end no longer reads; when the body fails, rejects and does not end the stream: an
 * end would say that this was all.
 */
export async function writeAll(stream: Writable, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of body) {
    if (stream.destroyed || !stream.writable) return
    if (!stream.write(bytes)) await drained(stream)
  }
  stream.end()
}

async function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) return
  const over = new AbortController()
  const options = { signal: over.signal }
  try {
    await Promise.race([once(stream, 'drain', options), once(stream, 'close', options)])
  } catch {
    // An error closes the stream as well, and the next write finds it closed.
  } finally {
    over.abort()
  }
}
