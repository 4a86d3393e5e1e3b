/**
 * The registry as a function from `Request` to `Response`. The routes come from the table in `api`;
 * here each gets its checks: who asks, then parameters, query and body, then the handler.
 */
import {
  parse,
  parseJson,
  problemResponse,
  type RegistryOperation,
  type RegistryRoutes,
  type Route,
  type RouteReply,
  registryRoutes,
} from '@agent-mesh/api'
import { isMeshError, MeshError } from '@agent-mesh/core'
import { Hono } from 'hono'
import type * as v from 'valibot'
import type { Auth, PersonViewer, Viewer } from './auth.js'
import { readText } from './body.js'
import type { RegistryEvents } from './events.js'
import { limits } from './limits.js'

type Parsed<R, K extends 'params' | 'query' | 'body'> = R extends { [P in K]: infer S }
  ? S extends v.GenericSchema
    ? v.InferOutput<S>
    : undefined
  : undefined

interface ViewerOf {
  none: undefined
  token: PersonViewer
  'token-or-agent': Viewer
}

/** A request that passed all checks of its route. */
export interface Checked<R extends Route> {
  readonly params: Parsed<R, 'params'>
  readonly query: Parsed<R, 'query'>
  readonly body: Parsed<R, 'body'>
  readonly viewer: ViewerOf[R['access']]
  /** The peer's address, for limits. */
  readonly address: string
  /** The host the request names, with its port. */
  readonly host: string
}

type Handler<R extends Route> = (request: Checked<R>) => RouteReply<R> | Promise<RouteReply<R>>

export type Handlers = { readonly [K in RegistryOperation]: Handler<RegistryRoutes[K]> }

/** What comes beside a request: hono calls it bindings. */
export interface RequestContext {
  readonly address: string
}

export interface AppParts {
  readonly handlers: Handlers
  readonly auth: Auth
  readonly events: RegistryEvents
}

export type RegistryApp = Hono<{ Bindings: RequestContext }>

export function createApp({ handlers, auth, events }: AppParts): RegistryApp {
  const app: RegistryApp = new Hono()
  const serve = <R extends Route>(route: R, handler: Handler<R>) => {
    app.on(route.method, route.path, async (c) => {
      const { req, env } = c
      const checked = await check(route, auth, req.raw, { params: req.param(), ...env })
      const reply = await handler(checked)
      return Response.json(reply, { headers: { 'cache-control': 'no-store' } })
    })
  }
  const add = <K extends RegistryOperation>(operation: K) =>
    serve<RegistryRoutes[K]>(registryRoutes[operation], handlers[operation])
  for (const operation of Object.keys(registryRoutes) as RegistryOperation[]) add(operation)
  app.notFound((c) =>
    problemResponse(new MeshError('not-found', `there is no ${c.req.method} ${c.req.path} here`)),
  )
  app.onError((error, c) => {
    if (!isMeshError(error) || error.code === 'internal') {
      events.failed(c.req.method, c.req.path, error)
    }
    return problemResponse(error)
  })
  return app
}

type Surroundings = RequestContext & { readonly params: Record<string, string> }

/** Who asks comes first: strangers learn nothing from what is wrong with their request. */
async function check<R extends Route>(
  route: R,
  auth: Auth,
  request: Request,
  { params, address }: Surroundings,
): Promise<Checked<R>> {
  const url = new URL(request.url)
  const viewer = viewerOf(route, auth, request)
  const checked: Record<keyof Checked<R>, unknown> = {
    viewer,
    address,
    host: url.host,
    params: route.params && parse(route.params, params, 'path'),
    query: route.query && parse(route.query, queryOf(url), 'query'),
    body: route.body && parseJson(route.body, await readText(request, limits.bodyBytes), 'body'),
  }
  // Each field was made by the schema of its row, which is what the type says of it.
  return checked as Checked<R>
}

function viewerOf(route: Route, auth: Auth, request: Request): Viewer | undefined {
  switch (route.access) {
    case 'none':
      return undefined
    case 'token':
      return auth.person(request)
    case 'token-or-agent':
      return auth.personOrAgent(request)
  }
}

function queryOf(url: URL): Record<string, string> {
  const names = [...url.searchParams.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    const field = `query.${twice.slice(0, 60)}`
    throw new MeshError('invalid', `${field}: is given twice`, { details: { field } })
  }
  return Object.fromEntries(url.searchParams)
}
