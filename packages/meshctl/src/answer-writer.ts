import { once } from 'node:events'
import type { AnswerPart } from '@agent-mesh/api/local'
import { fromUtf8, MeshError, toBase64url } from '@agent-mesh/core'
import type { Io, Sink } from './io.js'

export interface AnswerOptions {
  /** One message per line. */
  readonly stream: boolean
  /** Each answer, or message with `stream`, is one JSON document. */
  readonly json: boolean
}

/** Without it a JSON document has to be whole in memory, so it has a bound. */
const maxJsonBytes = 64 * 1024 * 1024

const newline = 0x0a

/**
 * Writes an answer to stdout as it comes, and no faster than stdout takes it.
 *
 * @throws whatever `parts` throws, after what came before was written
 */
export async function writeAnswer(
  parts: AsyncIterable<AnswerPart>,
  io: Io,
  options: AnswerOptions,
): Promise<void> {
  if (options.json) await writeDocuments(parts, io, options.stream)
  else if (options.stream) await writeLines(parts, io)
  else await writeBytes(parts, io)
}

async function writeBytes(parts: AsyncIterable<AnswerPart>, io: Io): Promise<void> {
  let last = newline
  for await (const part of parts) {
    if (part.kind !== 'data') continue
    last = part.bytes.at(-1) ?? last
    await write(io.stdout, part.bytes, io.signal)
  }
  // Only a terminal needs the prompt on a line of its own; a pipe gets the bytes as they are.
  if (io.stdout.isTTY === true && last !== newline) io.stdout.write('\n')
}

// A message that ends with a newline is a line already; an empty one is an empty line.
async function writeLines(parts: AsyncIterable<AnswerPart>, io: Io): Promise<void> {
  let last: number | undefined
  for await (const part of parts) {
    if (part.kind === 'data') {
      last = part.bytes.at(-1) ?? last
      await write(io.stdout, part.bytes, io.signal)
      continue
    }
    if (last !== newline) io.stdout.write('\n')
    last = undefined
  }
  if (last !== undefined && last !== newline) io.stdout.write('\n')
}

async function writeDocuments(
  parts: AsyncIterable<AnswerPart>,
  io: Io,
  stream: boolean,
): Promise<void> {
  let chunks: Uint8Array[] = []
  let length = 0
  let messages = 0
  const flush = async () => {
    const document = documentOf(Buffer.concat(chunks))
    chunks = []
    length = 0
    messages += 1
    await write(io.stdout, Buffer.from(`${document}\n`), io.signal)
  }
  for await (const part of parts) {
    if (part.kind === 'end-of-message') {
      if (stream) await flush()
      continue
    }
    length += part.bytes.length
    if (length > maxJsonBytes) {
      throw new MeshError(
        'too-large',
        `the answer is over ${maxJsonBytes} bytes, too long for --json`,
        {
          hint: 'without --json it is written as it comes',
        },
      )
    }
    chunks.push(Uint8Array.from(part.bytes))
  }
  if (length > 0 || messages === 0) await flush()
}

/** JSON as it came; other text as a JSON string; other bytes as `{"base64url": …}`. */
function documentOf(bytes: Uint8Array): string {
  let text: string
  try {
    text = fromUtf8(bytes)
  } catch {
    return JSON.stringify({ base64url: toBase64url(bytes) })
  }
  try {
    const value: unknown = JSON.parse(text)
    return text.includes('\n') ? JSON.stringify(value) : text
  } catch {
    return JSON.stringify(text)
  }
}

async function write(sink: Sink, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (!sink.write(bytes)) await once(sink, 'drain', { signal })
}
