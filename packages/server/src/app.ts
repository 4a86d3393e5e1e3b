import { isLoopbackHost, problemResponse } from '@agent-mesh/api'
import { type Clock, MeshError } from '@agent-mesh/core'
import type { Registry } from '@agent-mesh/registry'
import { clientAddress, isLoopbackAddress, type Relay } from '@agent-mesh/relay'
import type { Metrics } from './metrics.js'
import { protocol, version } from './version.js'

export interface AppParts {
  readonly registry: Registry
  readonly relay: Relay
  readonly metrics: Metrics
  readonly clock: Clock
}

export type App = (request: Request, address: string) => Promise<Response>

/** The whole server as a function from `Request` to `Response`: the registry's, and three more. */
export function createApp(parts: AppParts): App {
  const { registry, relay, metrics, clock } = parts
  const startedAt = clock.now()
  const pages: Readonly<Record<string, (isInside: boolean) => Promise<Response> | Response>> = {
    '/health'() {
      const isServing = relay.status().state === 'serving'
      return json({ status: isServing ? 'ok' : 'stopping' }, isServing ? 200 : 503)
    },
    '/status'(isInside) {
      const { state, links } = relay.status()
      const uptimeMs = Math.round(clock.now() - startedAt)
      const figures = { ...registry.figures, links, uptimeMs }
      return json({ name: 'agent-mesh-server', version, protocol, state, ...(isInside && figures) })
    },
    async '/metrics'(isInside) {
      if (!isInside) {
        return problemResponse(
          new MeshError('not-logged-in', 'figures are for this machine and for logged-in people'),
        )
      }
      const headers = { 'content-type': metrics.contentType, 'cache-control': 'no-store' }
      return new Response(await metrics.metrics(), { headers })
    },
  }
  return async (request, address) => {
    const { pathname } = new URL(request.url)
    const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined
    if (page === undefined || !isReading(request)) {
      const forwarded = request.headers.get('x-forwarded-for') ?? undefined
      return registry.fetch(request, { address: clientAddress(address, forwarded) })
    }
    return page(isLocal(request, address) || registry.isFromPerson(request))
  }
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * Figures span all groups, so strangers do not get them. A proxy on this machine speaks for
 * strangers, and says so in a header.
 */
function isLocal(request: Request, address: string): boolean {
  // A page in a browser on this machine may have pointed its own name here.
  if (!isLoopbackHost(new URL(request.url).hostname)) return false
  const proxied = ['forwarded', 'x-forwarded-for', 'via'].some((name) => request.headers.has(name))
  return !proxied && isLoopbackAddress(address)
}

function json(value: object, status = 200): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store' } })
}
