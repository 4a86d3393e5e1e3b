// Reads the messages of a WebSocket connection as its bytes come by (RFC 6455 §5.2), after the HTTP
// head. What a daemon sends is masked on the wire; the relay sees it unmasked, and so does this.

/**
 * @typedef {object} ReaderOptions
 * @property {(head: string) => void} onHead
 * @property {() => boolean} isWanted asked per message, so that unwanted ones cost nothing
 * @property {(bytes: Buffer) => void} onMessage
 */

export class MessageReader {
  #options
  #bytes = Buffer.alloc(0)
  #isHeadRead = false
  /** Bytes of a message that nobody wants, still to come. */
  #skip = 0

  /** @param {ReaderOptions} options */
  constructor(options) {
    this.#options = options
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    const skipped = Math.min(this.#skip, chunk.length)
    this.#skip -= skipped
    if (skipped === chunk.length) return
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(skipped)])
    if (!this.#isHeadRead) this.#readHead()
    while (this.#isHeadRead && this.#readFrame());
  }

  #readHead() {
    const end = this.#bytes.indexOf('\r\n\r\n')
    if (end === -1) return
    this.#isHeadRead = true
    this.#options.onHead(this.#bytes.toString('latin1', 0, end))
    this.#bytes = this.#bytes.subarray(end + 4)
  }

  /** @returns {boolean} whether there was a whole one */
  #readFrame() {
    const frame = frameAt(this.#bytes)
    if (frame === undefined) return false
    const { opcode, start, length, mask } = frame
    const end = start + length
    const isData = opcode === 1 || opcode === 2
    if (!isData || !this.#options.isWanted()) {
      this.#skip = Math.max(0, end - this.#bytes.length)
      this.#bytes = this.#bytes.subarray(end)
      return true
    }
    if (end > this.#bytes.length) return false
    const payload = Buffer.from(this.#bytes.subarray(start, end))
    for (let at = 0; mask.length > 0 && at < payload.length; at++) {
      payload[at] = Number(payload[at]) ^ Number(mask[at % 4])
    }
    this.#bytes = this.#bytes.subarray(end)
    this.#options.onMessage(payload)
    return true
  }
}

/** @param {Buffer} bytes */
function frameAt(bytes) {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  const short = second & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const maskAt = 2 + lengthBytes
  const start = maskAt + (second >= 0x80 ? 4 : 0)
  if (start > bytes.length) return undefined
  const length =
    lengthBytes === 0
      ? short
      : bytes.readUIntBE(maskAt - Math.min(lengthBytes, 6), Math.min(lengthBytes, 6))
  return { opcode: first & 0x0f, start, length, mask: bytes.subarray(maskAt, start) }
}
