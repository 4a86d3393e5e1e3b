import { isMeshError, MeshError } from '@agent-mesh/core'

/**
 * The request's body as text, never more than `maxBytes` of it in memory.
 *
 * @throws MeshError `too-large` · `invalid` when it is not UTF-8 · `interrupted`
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  // The header spares the reading where it is honest; the count below is what holds.
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  if (request.body === null) return ''
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = request.body.getReader()
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      bytes += value.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      text += decoder.decode(value, { stream: true })
    }
  } catch (cause) {
    if (isMeshError(cause)) throw cause
    if (isMalformed(cause)) {
      throw new MeshError('invalid', 'body: is not UTF-8', { cause, details: { field: 'body' } })
    }
    // Nobody hears this any more, and it is no fault of ours.
    throw new MeshError('interrupted', 'the request ended before its body', { cause })
  } finally {
    reader.releaseLock()
  }
}

/** TextDecoder's own error; a stream that breaks may well be another TypeError. */
function isMalformed(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === decodingError
}

const decodingError = 'ERR_ENCODING_INVALID_ENCODED_DATA'

function tooLarge(maxBytes: number): MeshError {
  return new MeshError('too-large', `the body has more than ${maxBytes} bytes`, {
    details: { maxBytes },
  })
}
