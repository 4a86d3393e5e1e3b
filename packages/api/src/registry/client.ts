/** The registry's HTTP contract as functions, derived from its route table. */
import { isMeshError, MeshError } from '@agent-mesh/core'
import { limits } from '../limits.js'
import { isLoopbackHost } from '../loopback.js'
import { parse } from '../parse.js'
import { fromProblem } from '../problem.js'
import {
  fillPath,
  type QueryValue,
  queryString,
  type Route,
  type RouteAnswer,
  type RouteInput,
} from '../route.js'
import { type RegistryOperation, type RegistryRoutes, registryRoutes } from './routes.js'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface RegistryClientOptions {
  /** The server's URL, with or without a trailing slash. */
  readonly baseUrl: string
  /** A person's token. A function is asked for every request. */
  readonly token?: string | (() => string | undefined)
  readonly fetch?: Fetch
  /** Lets tokens and cards travel over plain HTTP to another machine. Default: false. */
  readonly insecureHttp?: boolean
}

export interface RequestOptions {
  readonly signal?: AbortSignal
  /** Instead of the client's token, for one request: see `agentAuthorization`. */
  readonly authorization?: string
}

type Operation<R extends Route> =
  unknown extends RouteInput<R>
    ? (input?: Readonly<Record<string, never>>, options?: RequestOptions) => Promise<RouteAnswer<R>>
    : (input: RouteInput<R>, options?: RequestOptions) => Promise<RouteAnswer<R>>

/** One function per row: `client.login({ body: { code } }, { signal })`. */
export type RegistryOperations = { [K in RegistryOperation]: Operation<RegistryRoutes[K]> }

export type RegistryClient = RegistryOperations & {
  /** The base URL without trailing slash. */
  readonly baseUrl: string
  /** What registration and agent-request signatures name: scheme, host and port of `baseUrl`. */
  readonly origin: string
}

interface Input {
  readonly params?: Record<string, unknown>
  readonly query?: Record<string, QueryValue>
  readonly body?: unknown
}

/**
 * A client of one registry. Every function throws a MeshError: the registry's own code, or
 * `registry-unreachable` naming the host when no registry answered. An abort rejects with the
 * signal's reason.
 *
 * @throws MeshError `config` when `baseUrl` is not an http(s) URL or would carry secrets in clear.
 */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const base = parseBaseUrl(options)
  const operation = <K extends RegistryOperation>(name: K) => {
    const route: Route = registryRoutes[name]
    return (input: Input = {}, requestOptions: RequestOptions = {}) =>
      request(options, base, route, input, requestOptions)
  }
  const names = Object.keys(registryRoutes) as RegistryOperation[]
  // The table's keys and rows make exactly this type; `Object.fromEntries` cannot say so.
  const operations = Object.fromEntries(
    names.map((name) => [name, operation(name)]),
  ) as Partial<RegistryOperations> as RegistryOperations
  return { ...operations, baseUrl: base.url, origin: base.origin }
}

interface Base {
  readonly url: string
  readonly origin: string
  readonly host: string
}

function parseBaseUrl({ baseUrl, insecureHttp = false }: RegistryClientOptions): Base {
  let url: URL
  try {
    url = new URL(baseUrl)
  } catch (cause) {
    throw new MeshError('config', `the server's URL is not a URL: ${baseUrl.slice(0, 200)}`, {
      cause,
      hint: 'write it like http://127.0.0.1:8080',
    })
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new MeshError(
      'config',
      `the server's URL must begin with http or https, not ${url.protocol}`,
    )
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new MeshError(
      'config',
      "the server's URL must hold nothing but scheme, host, port and path",
    )
  }
  if (url.protocol === 'http:' && !insecureHttp && !isLoopbackHost(url.hostname)) {
    throw new MeshError('config', `${url.host} would be spoken to without encryption`, {
      hint: 'use https, or add --insecure-http if the network in between is yours',
    })
  }
  const path = url.pathname.replace(/\/+$/, '')
  return { url: url.origin + path, origin: url.origin, host: url.host }
}

async function request(
  options: RegistryClientOptions,
  base: Base,
  route: Route,
  input: Input,
  { signal, authorization }: RequestOptions,
): Promise<unknown> {
  signal?.throwIfAborted()
  const timeout = AbortSignal.timeout(route.timeoutMs ?? limits.requestTimeoutMs)
  const headers = new Headers({ accept: 'application/json' })
  const credential = authorization ?? bearer(options, route)
  if (credential !== undefined) headers.set('authorization', credential)
  if (input.body !== undefined) headers.set('content-type', 'application/json')
  const url = base.url + fillPath(route.path, input.params) + queryString(input.query)
  try {
    const response = await (options.fetch ?? globalThis.fetch)(url, {
      method: route.method,
      headers,
      // A redirect would turn a POST into a GET and could carry the token elsewhere.
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    })
    return answerOf(route, response.ok, await jsonOf(response), base, response.status)
  } catch (error) {
    if (isMeshError(error)) throw error
    signal?.throwIfAborted()
    throw unreachable(base, timeout.aborted ? 'gave no answer in time' : reasonOf(error), error)
  }
}

function bearer({ token }: RegistryClientOptions, { access }: Route): string | undefined {
  if (access === 'none') return undefined
  const value = typeof token === 'function' ? token() : token
  return value === undefined ? undefined : `Bearer ${value}`
}

function answerOf(route: Route, ok: boolean, value: unknown, base: Base, status: number): unknown {
  if (!ok) throw fromProblem(value) ?? unreachable(base, `answered ${status}, not like a registry`)
  try {
    return parse(route.answer, value, 'answer')
  } catch (cause) {
    throw unreachable(base, 'answered, but not like a registry of this version', cause)
  }
}

/** The body as JSON, or `undefined` when it is none. Never more than `answerBytes` of it. */
async function jsonOf(response: Response): Promise<unknown> {
  if (response.body === null) return undefined
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > limits.answerBytes) {
      await reader.cancel()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
  try {
    return JSON.parse(text + decoder.decode())
  } catch {
    return undefined
  }
}

function unreachable(base: Base, reason: string, cause?: unknown): MeshError {
  return new MeshError('registry-unreachable', `the registry at ${base.host} ${reason}`, {
    details: { host: base.host },
    hint: `is the server running?  agent-mesh-server`,
    ...(cause === undefined ? {} : { cause }),
  })
}

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'broke the connection off',
  ENOTFOUND: 'has a name that nobody knows',
  EAI_AGAIN: 'has a name that cannot be looked up now',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ETIMEDOUT: 'gave no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'gave no answer in time',
  UND_ERR_SOCKET: 'broke the connection off',
  CERT_HAS_EXPIRED: 'has an expired TLS certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a TLS certificate that is not trusted here',
  EPROTO: 'does not speak TLS; is it http://?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS; is it http://?',
  // An authority of the same name with another key: it was made anew.
  CERT_SIGNATURE_FAILURE: 'has a TLS certificate that is not trusted here',
  CERT_NOT_YET_VALID: 'has a TLS certificate that is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a TLS certificate that is not trusted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a TLS certificate that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a TLS certificate that is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a TLS certificate for another name',
}

/** The reason in a reader's words; fetch hides the useful code in `cause`, or in its `errors`. */
function reasonOf(error: unknown): string {
  let here: unknown = error
  for (let depth = 0; depth < 4 && typeof here === 'object' && here !== null; depth += 1) {
    const code: unknown = Reflect.get(here, 'code')
    if (typeof code === 'string' && networkReasons[code] !== undefined) return networkReasons[code]
    const errors: unknown = Reflect.get(here, 'errors')
    here = Array.isArray(errors) ? errors[0] : Reflect.get(here, 'cause')
  }
  return 'cannot be reached'
}
