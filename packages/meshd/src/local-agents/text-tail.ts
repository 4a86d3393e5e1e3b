/** Keeps the last bytes of a stream, and shows them as text that is safe to print and to send. */
export class TextTail {
  readonly #maxBytes: number
  #kept = Buffer.alloc(0)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  push(bytes: Uint8Array): void {
    const joined = Buffer.concat([this.#kept, bytes.subarray(-this.#maxBytes)])
    // A copy, because a view would keep the whole chunk it came in.
    this.#kept = Buffer.from(joined.subarray(-this.#maxBytes))
  }

  get text(): string {
    return plainText(this.#kept)
  }
}

/** Bytes as text without control characters, so that no terminal obeys them and JSON stays short. */
export function plainText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  return text
    .replace(/[^\P{Cc}\n\t]/gu, '\uFFFD')
    .replace(/^\uFFFD+/, '')
    .trim()
}
