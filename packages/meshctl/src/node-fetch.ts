// As much of fetch as the registry client uses, on Node's own HTTP client. Node's fetch cannot be
// given certificates, and in Node 20 it never settles when a server closes a connection unheard.
import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { rootCertificates } from 'node:tls'
import type { Fetch } from '@agent-mesh/api'

/** Trusts `certificates` (PEM), if given, beside the system's. Follows no redirects. */
export function nodeFetch(certificates?: string): Fetch {
  const ca = certificates === undefined ? undefined : [...rootCertificates, certificates]
  return async (url, init) => responseOf(await send(url, init, ca))
}

function send(url: string, init: RequestInit, ca: string[] | undefined): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      agent: false,
      ...(ca === undefined ? {} : { ca }),
      ...(init.signal == null ? {} : { signal: init.signal }),
    })
    outgoing.once('error', reject)
    outgoing.once('response', resolve)
    outgoing.end(typeof init.body === 'string' ? init.body : undefined)
  })
}

/** Statuses that a Response may not have a body with. */
const bodiless = new Set([204, 205, 304])

function responseOf(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 500
  const headers = { 'content-type': incoming.headers['content-type'] ?? '' }
  if (bodiless.has(status)) {
    incoming.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>, { status, headers })
}
