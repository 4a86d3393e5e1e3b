import { type FileHandle, open } from 'node:fs/promises'
import { MeshError, utf8 } from '@agent-mesh/core'
import { notReadable } from './home/private-file.js'
import type { Source } from './io.js'
import { findJsonFault } from './json-syntax.js'

export interface Payload extends Disposable {
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  readonly type?: string
  /** Whole length, where it is known before the end. */
  readonly bytes?: number
}

const chunkBytes = 256 * 1024

/**
 * What `--payload` stands for: JSON as it was typed, `@FILE` or `-` for raw bytes, or nothing.
 *
 * @throws MeshError `usage` for text that is not JSON, `config` for a file that cannot be read
 */
export async function openPayload(
  text: string | undefined,
  contentType: string | undefined,
  stdin: Source,
): Promise<Payload> {
  if (contentType !== undefined && !/^[\x20-\x7e]{1,256}$/.test(contentType)) {
    throw new MeshError(
      'usage',
      `--content-type ${JSON.stringify(contentType)} is not one line of ASCII`,
    )
  }
  const payload = await openUntyped(text, stdin)
  return contentType === undefined ? payload : { ...payload, type: contentType }
}

async function openUntyped(text: string | undefined, stdin: Source): Promise<Payload> {
  if (text === undefined) return fromBytes(new Uint8Array(0))
  // An open stdin would keep this process alive after a call that ended before it.
  if (text === '-')
    return { body: stdin, type: octetStream, [Symbol.dispose]: () => stdin.destroy() }
  if (text.startsWith('@')) return openFile(text.slice(1))
  return { ...fromBytes(utf8(checkJson(text))), type: 'application/json' }
}

function fromBytes(body: Uint8Array): Payload {
  return { body, bytes: body.length, [Symbol.dispose]: () => {} }
}

const octetStream = 'application/octet-stream'

async function openFile(path: string): Promise<Payload> {
  const type = path.toLowerCase().endsWith('.json') ? 'application/json' : octetStream
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const stats = await file.stat()
    if (stats.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    const body = file.createReadStream({ highWaterMark: chunkBytes })
    const close = () => body.destroy()
    return { body, type, ...(stats.isFile() ? { bytes: stats.size } : {}), [Symbol.dispose]: close }
  } catch (error) {
    await file?.close()
    throw notReadable(path === '' ? '@' : path, error)
  }
}

function checkJson(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch (cause) {
    const fault = findJsonFault(text)
    const where = fault === undefined ? '' : ` (column ${fault.column}: expected ${fault.expected})`
    throw new MeshError('usage', `--payload is not JSON${where}`, {
      cause,
      hint: 'send raw bytes with --payload @FILE or --payload -',
    })
  }
}
