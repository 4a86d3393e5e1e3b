import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { Fetch } from '@agent-mesh/api'

/**
 * What the registry's client needs of fetch, over node:http and node:https. Node's own fetch takes
 * a certificate authority only from the environment of the process's start, never settles when a
 * server closes the connection at once (Node 20), and keeps sockets beyond the end of its user.
 */
export function createFetch(options: { readonly ca?: string }): Fetch {
  return (url, init) => {
    init.signal?.throwIfAborted()
    return new Promise<Response>((resolve, reject) => {
      const isSecure = url.startsWith('https:')
      const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        // A connection of its own: a kept one may be dead, and outlives whoever asked.
        agent: false,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(init.signal == null ? {} : { signal: init.signal }),
      })
      outgoing.on('response', (incoming) => resolve(responseOf(incoming)))
      outgoing.on('error', (error) => {
        reject(init.signal?.aborted ? (init.signal.reason as Error) : error)
      })
      outgoing.end(bodyOf(init))
    })
  }
}

function bodyOf({ body }: RequestInit): string | undefined {
  if (body == null || typeof body === 'string') return body ?? undefined
  throw new TypeError('a request to the registry has a body of text')
}

function responseOf(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 500
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  // Of these Response takes no body at all (Fetch §6.4).
  if (status === 204 || status === 205 || status === 304) {
    incoming.resume()
    return new Response(null, { status, headers })
  }
  const body = Readable.toWeb(incoming) as ReadableStream<Uint8Array>
  return new Response(body, { status, headers })
}
