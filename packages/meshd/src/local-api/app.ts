import { parse, parseJson, problemResponse, type Route, type RouteReply } from '@agent-mesh/api'
import { callRoute, localRoutes } from '@agent-mesh/api/local'
import { fromUtf8, MeshError } from '@agent-mesh/core'
import type { HttpBindings } from '@hono/node-server'
import { Hono, type Context as HonoContext } from 'hono'
import { maxJsonBodyBytes } from '../limits.js'
import { answerResponse } from './answer-response.js'
import type { Backend } from './backend.js'

interface AppOptions {
  readonly backend: Backend
  /** Told of errors that the answer only calls 'internal'. */
  readonly onInternalError: (error: unknown) => void
}

type App = Hono<{ Bindings: Partial<HttpBindings> }>

type Context = HonoContext<{ Bindings: Partial<HttpBindings> }>

/** The daemon's HTTP contract as a function from request to response. */
export function createApp({ backend, onInternalError }: AppOptions): App {
  const app: App = new Hono()

  serve(app, localRoutes.version, () => backend.version())
  serve(app, localRoutes.status, () => backend.status())
  serve(app, localRoutes.agents, () => ({ agents: backend.agents() }))
  serve(app, localRoutes.up, async (context) => {
    const request = await readJson(context, localRoutes.up)
    return { agent: await backend.up(request, context.req.raw.signal) }
  })
  serve(app, localRoutes.down, async (context) => {
    const { name } = parse(localRoutes.down.params, context.req.param(), 'path')
    return { name, agents: await backend.down(name) }
  })
  serve(app, localRoutes.reloadRules, () => ({ rules: backend.reloadRules() }))
  serve(app, localRoutes.shutdown, () => {
    backend.shutdown()
    return { pid: backend.version().pid }
  })

  app.post(callRoute.path, async (context) => {
    const query = parse(callRoute.query, context.req.query(), 'query')
    return answerResponse(await backend.call(query, bodyOf(context), context.req.raw.signal))
  })

  app.notFound((context) => {
    const what = `${context.req.method} ${context.req.path}`
    return problemResponse(new MeshError('not-found', `meshd has no ${what}`))
  })
  app.onError((error, context) => {
    const isTold = error instanceof MeshError && error.code !== 'internal'
    // Who closed the request reads no answer, and its abort is nobody's mistake.
    if (!isTold && !context.req.raw.signal.aborted) onInternalError(error)
    return problemResponse(error)
  })
  return app
}

type Reply<R extends Route> = RouteReply<R> | Promise<RouteReply<R>>

function serve<R extends Route>(app: App, route: R, handle: (context: Context) => Reply<R>): void {
  app.on(route.method, route.path, async (context) => Response.json(await handle(context)))
}

/** The whole JSON body, read only as far as it may be long. */
async function readJson<R extends Route & { body: NonNullable<Route['body']> }>(
  context: Context,
  route: R,
) {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of bodyOf(context)) {
    length += chunk.length
    if (length > maxJsonBodyBytes) {
      throw new MeshError('too-large', `the body is over ${maxJsonBodyBytes} bytes`)
    }
    chunks.push(chunk)
  }
  const schema: R['body'] = route.body
  return parseJson(schema, fromUtf8(Buffer.concat(chunks)), 'body')
}

/**
 * The request's body. On Node straight from its socket: as a web stream every chunk would be copied
 * once more. Leaving it early closes nothing, for the answer is still to be sent.
 */
function bodyOf({ env, req }: Context): AsyncIterable<Uint8Array> {
  return env?.incoming?.iterator({ destroyOnReturn: false }) ?? req.raw.body ?? emptyBody()
}

async function* emptyBody(): AsyncGenerator<Uint8Array, void> {}
