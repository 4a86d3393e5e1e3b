// Node's fetch cannot be given certificates; its https module can. This is as much of fetch as
// the registry client uses.
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { Readable } from 'node:stream'
import { rootCertificates } from 'node:tls'
import type { Fetch } from '@agent-mesh/api'

/** Trusts `certificates` (PEM) beside the system's. */
export function caFetch(certificates: string): Fetch {
  const ca = [...rootCertificates, certificates]
  return async (url, init) => {
    if (!url.startsWith('https:')) return fetch(url, init)
    const response = await send(url, init, ca)
    return new Response(Readable.toWeb(response) as ReadableStream<Uint8Array>, {
      status: response.statusCode ?? 500,
      headers: { 'content-type': response.headers['content-type'] ?? '' },
    })
  }
}

function send(url: string, init: RequestInit, ca: string[]): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      ca,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      agent: false,
      ...(init.signal == null ? {} : { signal: init.signal }),
    })
    outgoing.once('error', reject)
    outgoing.once('response', resolve)
    outgoing.end(typeof init.body === 'string' ? init.body : undefined)
  })
}
