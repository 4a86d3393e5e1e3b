import { concat, fromUtf8, MeshError, utf8 } from '@agent-mesh/core'
import { parse } from '../parse.js'
import { fromProblem, problemType } from '../problem.js'
import { fillPath, queryString, type Route, type RouteAnswer, type RouteInput } from '../route.js'
import type { UpRequest } from './documents.js'
import {
  type AnswerFrame,
  AnswerFrameDecoder,
  type AnswerHeader,
  framesContentType,
} from './frames.js'
import { maxJsonBytes } from './limits.js'
import { callRoute, localRoutes } from './routes.js'
import type { LocalResponse, LocalTransport } from './transport.js'

export interface LocalOptions {
  readonly signal?: AbortSignal
}

export interface LocalCall {
  /** The calling agent's name; may be absent when the daemon has one agent. */
  readonly as?: string
  /** An id, a unique prefix of at least 6 characters, or a name. */
  readonly target: string
  readonly capability: string
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
  readonly type?: string
  readonly timeoutMs?: number
  readonly waitMs?: number
  readonly traceparent?: string
}

/** `end` closes a message of a streamed answer; an answer of one message need not have any. */
export type AnswerPart = { kind: 'data'; bytes: Uint8Array } | { kind: 'end-of-message' }

/**
 * An answer that has begun. Its parts come as fast as they are read, and are read at most once;
 * a failure on the way is thrown from the iteration. Disposing, or leaving the loop, cancels the
 * call if it is not complete.
 */
export interface LocalAnswer extends AsyncIterable<AnswerPart>, AsyncDisposable {
  readonly header: AnswerHeader
}

export type LocalClient = ReturnType<typeof createLocalClient>

/** The daemon's HTTP contract as functions. Each throws a MeshError with the daemon's code. */
export function createLocalClient({ transport }: { transport: LocalTransport }) {
  const ask = <R extends Route>(route: R, input: RouteInput<R>, options: LocalOptions = {}) =>
    callJson(transport, route, input as JsonInput, options)
  const { version, status, agents, up, down, reloadRules, shutdown } = localRoutes
  return {
    version: (options?: LocalOptions) => ask(version, {}, options),
    status: (options?: LocalOptions) => ask(status, {}, options),
    agents: async (options?: LocalOptions) => (await ask(agents, {}, options)).agents,
    up: async (body: UpRequest, options?: LocalOptions) => (await ask(up, { body }, options)).agent,
    down: (name: string, options?: LocalOptions) => ask(down, { params: { name } }, options),
    reloadRules: (options?: LocalOptions) => ask(reloadRules, {}, options),
    shutdown: (options?: LocalOptions) => ask(shutdown, {}, options),
    call: (call: LocalCall, options?: LocalOptions) => openCall(transport, call, options),
  }
}

interface JsonInput {
  readonly params?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

async function callJson<R extends Route>(
  transport: LocalTransport,
  route: R,
  input: JsonInput,
  { signal }: LocalOptions = {},
): Promise<RouteAnswer<R>> {
  const response = await transport({
    method: route.method,
    path: fillPath(route.path, input.params),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    ...(input.body === undefined ? {} : { body: utf8(JSON.stringify(input.body)) }),
    ...(signal === undefined ? {} : { signal }),
  })
  const answer = await readJson(response)
  try {
    return parse<R['answer']>(route.answer, answer, 'answer')
  } catch (cause) {
    throw strange(`${route.method} ${route.path}`, cause)
  }
}

async function openCall(
  transport: LocalTransport,
  { body = new Uint8Array(0), ...query }: LocalCall,
  { signal }: LocalOptions = {},
): Promise<LocalAnswer> {
  const response = await transport({
    method: callRoute.method,
    path: callRoute.path + queryString(query),
    headers: { accept: framesContentType, 'content-type': 'application/octet-stream' },
    body,
    ...(signal === undefined ? {} : { signal }),
  })
  if (response.status !== 200 || response.contentType !== framesContentType) {
    await readJson(response)
    throw strange(callRoute.path)
  }
  return beginAnswer(framesOf(response.body))
}

async function beginAnswer(frames: AsyncGenerator<AnswerFrame, void>): Promise<LocalAnswer> {
  const first = await frames.next()
  if (first.done || first.value.kind !== 'header') throw strange(callRoute.path)
  return {
    header: first.value.header,
    [Symbol.asyncIterator]: () => partsOf(frames),
    [Symbol.asyncDispose]: async () => {
      await frames.return(undefined)
    },
  }
}

async function* partsOf(
  frames: AsyncGenerator<AnswerFrame, void>,
): AsyncGenerator<AnswerPart, void> {
  for await (const frame of frames) {
    if (frame.kind === 'data' || frame.kind === 'end-of-message') yield frame
  }
}

/** The frames up to the end; an error frame is thrown. */
async function* framesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<AnswerFrame, void> {
  const decoder = new AnswerFrameDecoder()
  for await (const chunk of body) {
    for (const frame of decoder.push(chunk)) {
      if (frame.kind === 'error') throw frame.error
      yield frame
    }
  }
  decoder.finish()
}

/** The body as JSON; throws the daemon's error when it is one. */
async function readJson(response: LocalResponse): Promise<unknown> {
  let document: unknown
  const bytes = await readAll(response)
  try {
    document = JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw strange(`status ${response.status}`, cause)
  }
  if (response.status === 200 && response.contentType !== problemType) return document
  throw fromProblem(document) ?? strange(`status ${response.status}`)
}

async function readAll(response: LocalResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > maxJsonBytes) throw strange(`a document over ${maxJsonBytes} bytes`)
    chunks.push(chunk)
  }
  return concat(...chunks)
}

function strange(what: string, cause?: unknown): MeshError {
  return new MeshError('internal', `meshd answered in a way this program does not know (${what})`, {
    cause,
    hint: 'meshctl down, then up again: the daemon may be of another version',
  })
}
