/**
 * A contract is a table of routes. The server implements the table and the client is derived from
 * it, so a path or a schema is written once.
 */
import { MeshError } from '@agent-mesh/core'
import type * as v from 'valibot'

/** Who may ask: anybody, a person with a token, an agent with a signed request, or either. */
export type Access = 'none' | 'token' | 'token-or-agent'

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Segments that begin with a colon are parameters: `/v1/agents/:id`. */
  readonly path: string
  readonly access: Access
  readonly params?: v.GenericSchema
  readonly query?: v.GenericSchema
  readonly body?: v.GenericSchema
  readonly answer: v.GenericSchema
  /** How long a client waits for the answer, in ms, when the caller sets no signal of its own. */
  readonly timeoutMs?: number
}

export type RouteTable = Readonly<Record<string, Route>>

/** Checks a table against `Route` and keeps the exact type of every row. */
export function defineRoutes<const T extends RouteTable>(routes: T): T {
  return routes
}

type Field<R, K extends 'params' | 'query' | 'body'> = R extends { [P in K]: infer S }
  ? S extends v.GenericSchema
    ? { [P in K]: v.InferInput<S> }
    : unknown
  : unknown

/** What a client hands in for a route: `{ params, query, body }`, whichever the row has. */
export type RouteInput<R extends Route> = Field<R, 'params'> & Field<R, 'query'> & Field<R, 'body'>

/** What a route answers, parsed. */
export type RouteAnswer<R extends Route> = v.InferOutput<R['answer']>

/** What a server's handler must produce for a route, before it is serialised. */
export type RouteReply<R extends Route> = v.InferInput<R['answer']>

/**
 * `/v1/agents/:id` and `{ id: 'a/b' }` → `/v1/agents/a%2Fb`.
 *
 * @throws MeshError `invalid` for "." and "..", which URLs resolve even where they are encoded
 */
export function fillPath(path: string, params: Readonly<Record<string, unknown>> = {}): string {
  return path.replace(/:([a-zA-Z]+)/g, (_, name: string) => {
    const value = String(params[name])
    if (value !== '' && value !== '.' && value !== '..') return encodeURIComponent(value)
    throw new MeshError('invalid', `${name}: must not be "${value}"`, { details: { field: name } })
  })
}

export type QueryValue = string | number | boolean | undefined

/** `{ name: 'a b', limit: 3, q: undefined }` → `?name=a+b&limit=3`. */
export function queryString(query: Readonly<Record<string, QueryValue>> = {}): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) pairs.append(name, String(value))
  }
  const text = pairs.toString()
  return text === '' ? '' : `?${text}`
}
