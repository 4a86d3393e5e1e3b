import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { MeshError } from '@agent-mesh/core'
import type { LocalRequest, LocalResponse, LocalTransport } from '../transport.js'

/** HTTP over the daemon's Unix socket; one connection per request, so closing it is a cancel. */
export function unixTransport(socketPath: string): LocalTransport {
  return async ({ method, path, headers = {}, body, signal }) => {
    signal?.throwIfAborted()
    const request = httpRequest({
      socketPath,
      method,
      path,
      headers: { host: 'meshd', ...headers },
      agent: false,
    })
    if (signal) closeOnAbort(request, signal)
    const response = firstResponse(request, socketPath, signal)
    const bodyFailure = sendBody(request, body)
    return responseOf(await Promise.race([response, bodyFailure]), request, signal)
  }
}

/** By hand, because a request that never connects keeps the listener that `signal` would add. */
function closeOnAbort(request: ClientRequest, signal: AbortSignal): void {
  const close = () => void request.destroy()
  signal.addEventListener('abort', close, { once: true })
  request.once('close', () => signal.removeEventListener('abort', close))
}

function firstResponse(
  request: ClientRequest,
  socketPath: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', (cause) =>
      reject(signal?.aborted ? signal.reason : connectionError(cause, socketPath)),
    )
  })
}

/**
 * Sends the body as fast as the daemon takes it. The answer may begin, and end, before all of it
 * is sent. Never fulfils; rejects when the body itself throws.
 */
function sendBody(request: ClientRequest, body: LocalRequest['body']): Promise<never> {
  return new Promise((_, reject) => {
    if (body === undefined || body instanceof Uint8Array) {
      request.end(body)
      return
    }
    // The daemon learns of the call now, however long its first bytes take.
    request.flushHeaders()
    pump(request, body).catch((error) => {
      request.destroy()
      reject(error)
    })
  })
}

async function pump(request: ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  const closed = new AbortController()
  const close = () => closed.abort()
  request.once('close', close)
  // An answer that is an error ends the sending: nobody will read the rest.
  request.once('response', (response) => {
    if (response.statusCode !== 200) close()
  })
  for await (const chunk of body) {
    if (closed.signal.aborted) return
    if (chunk.length > 0 && !request.write(chunk)) await drained(request, closed.signal)
    if (closed.signal.aborted) return
  }
  request.end()
}

async function drained(request: ClientRequest, closed: AbortSignal): Promise<void> {
  try {
    await once(request, 'drain', { signal: closed })
  } catch (error) {
    if (!closed.aborted) throw error
  }
}

function responseOf(
  response: IncomingMessage,
  request: ClientRequest,
  signal: AbortSignal | undefined,
): LocalResponse {
  return {
    status: response.statusCode ?? 0,
    contentType: (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '',
    body: bodyOf(response, request, signal),
  }
}

async function* bodyOf(
  response: IncomingMessage,
  request: ClientRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) yield chunk
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw new MeshError('interrupted', 'meshd went away before the answer was complete', { cause })
  } finally {
    request.destroy()
  }
}

function connectionError(cause: Error & { code?: string }, socketPath: string): MeshError {
  if (['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(cause.code ?? '')) {
    return new MeshError('unreachable', `meshd is not running (nothing answers at ${socketPath})`, {
      cause,
      hint: 'meshctl up --name NAME',
      details: { reason: 'not-running' },
    })
  }
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new MeshError('config', `${socketPath} belongs to another user`, { cause })
  }
  return new MeshError('interrupted', 'meshd went away before it answered', { cause })
}
