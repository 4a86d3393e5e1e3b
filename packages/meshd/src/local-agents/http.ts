import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { MeshError } from '@agent-mesh/core'
import type { Chunk } from '@agent-mesh/sdk'
import type { Activity } from '../activity.js'
import { httpErrorBytes, smallBodyBytes, smallBodyWaitMs } from '../limits.js'
import { callHeaders } from './call-context.js'
import { ChunkReader } from './chunk-reader.js'
import { EventBorders } from './event-borders.js'
import type { LocalAgent, LocalAgentAnswer, LocalAgentCall } from './local-agent.js'
import type { Slots } from './slots.js'
import { gatherSmallBody } from './small-body.js'
import { plainText } from './text-tail.js'
import { writeAll } from './writable.js'

export interface HttpOptions {
  readonly url: string
  /** Sent as `Mesh-Secret`, so that the agent can tell meshd from any other local process. */
  readonly secret: string
  readonly slots: Slots
  readonly activity: Activity
}

/**
 * A local HTTP server that gets one POST per call (contract.md, Local HTTP agent). Its answer is
 * passed on while it comes; closing the request is the cancel. A POST is never repeated, and no
 * connection is kept for the next one: on a kept one, nobody could tell whether the last ran.
 */
export class HttpAgent implements LocalAgent {
  readonly #options: HttpOptions

  constructor(options: HttpOptions) {
    this.#options = options
  }

  async answer(call: LocalAgentCall): Promise<LocalAgentAnswer> {
    const release = await this.#options.slots.take(call.signal)
    const exchange = new Exchange(this.#options, call)
    void exchange.closed.then(release)
    this.#options.activity.track(exchange.closed)
    const head = await exchange.head()
    const type = head.response.headers['content-type']
    return {
      ...(type === undefined ? {} : { type }),
      body: exchange.body(head, type),
    }
  }
}

interface AnswerHead {
  readonly response: IncomingMessage
  readonly reader: ChunkReader
}

/** One POST and its answer. */
class Exchange {
  readonly #url: string
  readonly #request: ClientRequest
  readonly #signal: AbortSignal
  /** Resolves when the request is over, however it ended. */
  readonly closed: Promise<void>
  readonly #bodyFailure: Promise<never>

  constructor({ url, secret }: HttpOptions, call: LocalAgentCall) {
    this.#url = url
    this.#signal = call.signal
    const request = url.startsWith('https:') ? httpsRequest : httpRequest
    this.#request = request(url, {
      method: 'POST',
      agent: false,
      signal: call.signal,
      headers: {
        ...callHeaders(call),
        'Mesh-Secret': secret,
        'Content-Type': call.type ?? 'application/octet-stream',
      },
    })
    this.closed = new Promise((resolve) => this.#request.once('close', resolve))
    this.#request.on('error', () => undefined)
    this.#bodyFailure = new Promise((_, reject) => {
      this.#send(call.body).catch((error) => {
        this.#request.destroy()
        reject(error)
      })
    })
    this.#bodyFailure.catch(() => undefined)
  }

  /** The head of a 2xx answer; anything else is the agent's failure. */
  async head(): Promise<AnswerHead> {
    const head = await Promise.race([this.#answerHead(), this.#bodyFailure])
    const status = head.response.statusCode ?? 0
    if (status >= 200 && status < 300) return head
    const body = plainText(await firstBytes(head.reader, httpErrorBytes))
    this.#request.destroy()
    throw new MeshError('handler-failed', `the agent answered with status ${status}`, {
      details: { status, body },
    })
  }

  async *body(
    { response, reader }: AnswerHead,
    type: string | undefined,
  ): AsyncGenerator<Chunk, void> {
    const borders = type?.startsWith('text/event-stream') ? new EventBorders() : undefined
    try {
      for (;;) {
        const bytes = await reader.next()
        if (bytes === undefined) break
        if (borders) yield* borders.split(bytes)
        else yield { bytes, endOfMessage: false }
      }
      if (!response.complete) throw new Error('the connection closed')
    } catch (cause) {
      this.#signal.throwIfAborted()
      throw new MeshError('handler-failed', 'the agent broke off its answer', {
        cause,
        details: { reason: 'its answer was cut off' },
      })
    } finally {
      this.#request.destroy()
      await this.closed
    }
  }

  #answerHead(): Promise<AnswerHead> {
    return new Promise((resolve, reject) => {
      this.#request.once('response', (response) => {
        resolve({ response, reader: new ChunkReader(response) })
      })
      this.#request.once('error', (cause) => {
        reject(this.#signal.aborted ? this.#signal.reason : connectionFailure(this.#url, cause))
      })
    })
  }

  async #send(body: AsyncIterable<Uint8Array>): Promise<void> {
    const limits = { maxBytes: smallBodyBytes, waitMs: smallBodyWaitMs }
    const gathered = await gatherSmallBody(body, limits)
    if (!(gathered instanceof Uint8Array)) return writeAll(this.#request, gathered)
    this.#request.setHeader('Content-Length', gathered.length)
    this.#request.end(gathered)
  }
}

async function firstBytes(reader: ChunkReader, maxBytes: number): Promise<Uint8Array> {
  const first = Buffer.alloc(maxBytes)
  let length = 0
  try {
    while (length < maxBytes) {
      const bytes = await reader.next()
      if (bytes === undefined) break
      length += Buffer.from(bytes).copy(first, length)
    }
  } catch {
    // What came before the connection broke is still worth telling.
  }
  return first.subarray(0, length)
}

function connectionFailure(url: string, cause: Error & { code?: string }): MeshError {
  const { origin } = new URL(url)
  const reason =
    cause.code === 'ECONNREFUSED' ? 'refuses connections' : `fails (${cause.code ?? cause.message})`
  return new MeshError('handler-failed', `${origin} ${reason}`, {
    cause,
    details: { reason: `the agent's server ${reason}` },
  })
}
