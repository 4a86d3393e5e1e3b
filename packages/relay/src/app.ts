import { isLoopbackHost } from '@agent-mesh/api'
import type { Registry } from 'prom-client'
import { isLoopbackAddress } from './client-address.js'
import type { Relay } from './relay.js'
import { protocol, version } from './version.js'

export interface AppParts {
  readonly relay: Relay
  readonly metrics: Pick<Registry, 'metrics' | 'contentType'>
}

export type App = (request: Request, address: string) => Promise<Response>

/** The pages of a relay on its own, as a function from `Request` to `Response`. */
export function createApp({ relay, metrics }: AppParts): App {
  return async (request, address) => {
    const { pathname } = new URL(request.url)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text('only GET is answered here', 405)
    }
    const status = relay.status()
    switch (pathname) {
      case '/health': {
        const isServing = status.state === 'serving'
        return json({ status: isServing ? 'ok' : 'stopping' }, isServing ? 200 : 503)
      }
      case '/status': {
        const figures = isInside(request, address) ? status : { state: status.state }
        return json({ name: 'agent-mesh-relay', version, protocol, ...figures })
      }
      case '/metrics':
        if (!isInside(request, address)) return text('figures are for this machine alone', 403)
        return new Response(await metrics.metrics(), {
          headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' },
        })
      default:
        return text('nothing here', 404)
    }
  }
}

/**
 * Figures span all groups, so strangers do not get them. A proxy on this machine speaks for
 * strangers, and says so in a header.
 */
function isInside(request: Request, address: string): boolean {
  // A page in a browser on this machine may have pointed its own name here.
  if (!isLoopbackHost(new URL(request.url).hostname)) return false
  const isProxied = ['forwarded', 'x-forwarded-for', 'via'].some((name) =>
    request.headers.has(name),
  )
  return !isProxied && isLoopbackAddress(address)
}

function json(value: object, status = 200): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store' } })
}

function text(sentence: string, status: number): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  return new Response(`${sentence}\n`, { status, headers })
}
