import type { Chunk } from '@agent-mesh/sdk'

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Cuts a `text/event-stream` into its events, so that each arrives as one message. The bytes stay
 * as they are; an event ends with its blank line (HTML §9.2.6), LF and CRLF alike.
 */
export class EventBorders {
  #isLineEmpty = true

  /** Views on `bytes`, in order, together all of it. */
  split(bytes: Uint8Array): Chunk[] {
    const chunks: Chunk[] = []
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === carriageReturn) continue
      if (byte !== lineFeed) {
        this.#isLineEmpty = false
        continue
      }
      if (this.#isLineEmpty) {
        chunks.push({ bytes: bytes.subarray(start, at + 1), endOfMessage: true })
        start = at + 1
      }
      this.#isLineEmpty = true
    }
    if (start < bytes.length) chunks.push({ bytes: bytes.subarray(start), endOfMessage: false })
    return chunks
  }
}
