import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { Fetch } from '@agent-mesh/api'

/**
 * The platform's fetch, or, for a server with a private certificate authority, one over
 * node:https: Node's own fetch takes a `ca` only from the environment of the process's start.
 */
export function createFetch(options: { readonly ca?: string }): Fetch {
  const { ca } = options
  if (ca === undefined) return (url, init) => fetch(url, init)
  return async (url, init) => {
    const request = new Request(url, init)
    if (!request.url.startsWith('https:')) return fetch(request)
    const body = new Uint8Array(await request.arrayBuffer())
    return new Promise<Response>((resolve, reject) => {
      const outgoing = httpsRequest(
        request.url,
        { method: request.method, headers: headersOf(request.headers), ca, signal: request.signal },
        (incoming) => {
          const status = incoming.statusCode ?? 500
          const empty = status === 204 || status === 304
          if (empty) incoming.resume()
          resolve(
            new Response(empty ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>), {
              status,
              headers: responseHeaders(incoming.headersDistinct),
            }),
          )
        },
      )
      outgoing.on('error', (error) => {
        reject(request.signal.aborted ? request.signal.reason : error)
      })
      outgoing.end(body)
    })
  }
}

function responseHeaders(distinct: NodeJS.Dict<string[]>): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(distinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

function headersOf(headers: Headers): Record<string, string> {
  const out: Record<string, string> = {}
  headers.forEach((value, name) => {
    out[name] = value
  })
  return out
}
