import {
  type AgentId,
  type AnswerHeader,
  type CallHeader,
  type Clock,
  type Decision,
  type ErrorCode,
  isMeshError,
  MeshError,
} from '@agent-mesh/core'
import { limits } from '../limits.js'
import { surface } from '../listeners.js'
import type { Timers } from '../timers.js'
import { BodyReader } from './body-reader.js'
import { type CallHandler, type IncomingCall, Reply } from './call.js'
import { CallStream, canceled, type StreamPort } from './call-stream.js'
import { defaultType, stopBody } from './chunk.js'
import { DeadlineTimer } from './deadline-timer.js'

/** The session, as the answering side needs it. */
export interface AnsweringPort extends StreamPort {
  answer(stream: number, header: AnswerHeader): void
}

export interface IncomingOptions {
  readonly port: AnsweringPort
  readonly clock: Clock
  readonly timers: Timers
  /** The one way in: asked before a handler sees anything of the call. */
  readonly decide: (caller: AgentId, capability: string) => Decision
  readonly nameOf: (id: AgentId) => string | undefined
}

/** Codes a handler may answer with; any other failure is told as `handler-failed`. */
const answerableCodes: ReadonlySet<ErrorCode> = new Set([
  'handler-failed',
  'busy',
  'congested',
  'not-found',
  'invalid',
  'too-large',
  'timeout',
  'denied',
  'store-full',
])

interface Running {
  readonly caller: AgentId
  readonly stream: CallStream
  readonly abort: AbortController
}

/** All calls that this agent answers. */
export class IncomingCalls {
  readonly #options: IncomingOptions
  readonly #running = new Map<number, Running>()
  readonly #ofCaller = new Map<AgentId, number>()
  #handler: CallHandler | undefined
  #count = 0

  constructor(options: IncomingOptions) {
    this.#options = options
  }

  /** Calls that came in and were let in so far. */
  get count(): number {
    return this.#count
  }

  get running(): number {
    return this.#running.size
  }

  handle(handler: CallHandler | undefined): void {
    this.#handler = handler
  }

  opened(id: number, caller: AgentId, header: CallHeader): void {
    const refusal = this.#refusal(caller, header.capability)
    if (refusal !== undefined) {
      this.#options.port.reset(id, refusal.code, refusal.details)
      return
    }
    const handler = this.#handler as CallHandler
    const { port, clock, timers } = this.#options
    const timer = new DeadlineTimer(clock, timers)
    const abort = new AbortController()
    const stream = new CallStream(port, id, {
      onEnd: () => {
        timer.cancel()
        this.#leave(id, caller)
        // Whoever still works on it works for nobody.
        if (stream.failed) abort.abort(stream.failure)
      },
    })
    const running: Running = { caller, stream, abort }
    this.#running.set(id, running)
    this.#ofCaller.set(caller, (this.#ofCaller.get(caller) ?? 0) + 1)
    this.#count += 1
    if (header.deadline !== undefined) {
      timer.start(header.deadline, () => this.#timedOut(running))
    }
    void this.#answer(id, running, handler, this.#callOf(running, header))
  }

  // What the driver tells. False: the stream is not one of ours.

  readable(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.readable())
  }

  writable(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.writable())
  }

  canceled(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.fail(canceled(), { tell: 'nothing' }))
  }

  reset(id: number, error: MeshError): boolean {
    return this.#with(id, ({ stream }) => stream.fail(error, { tell: 'nothing' }))
  }

  closed(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.closed())
  }

  /** Ends every call that runs; their callers are told `code`. */
  endAll(code: ErrorCode): void {
    for (const { stream } of [...this.#running.values()]) {
      stream.fail(new MeshError(code), { tell: 'reset', code })
    }
  }

  #refusal(caller: AgentId, capability: string): MeshError | undefined {
    const decision = this.#decide(caller, capability)
    if (decision === undefined) return new MeshError('internal')
    if (!decision.allowed) {
      const by = decision.by.source === 'default' ? 'default' : 'rule'
      return new MeshError(decision.code, undefined, { details: { capability, by } })
    }
    if (this.#handler === undefined) {
      return new MeshError('not-found', undefined, { details: { capability } })
    }
    const full = this.#running.size >= limits.runningCalls
    const share = (this.#ofCaller.get(caller) ?? 0) >= limits.runningCallsPerCaller
    return full || share
      ? new MeshError('busy', undefined, { details: { retryAfterMs: 1000 } })
      : undefined
  }

  /** Undefined when the policy itself failed: that is nobody's permission. */
  #decide(caller: AgentId, capability: string): Decision | undefined {
    try {
      return this.#options.decide(caller, capability)
    } catch (error) {
      surface(error)
      return undefined
    }
  }

  #callOf({ caller, stream, abort }: Running, header: CallHeader): IncomingCall {
    // Leaving the body early is a handler's right: it may have seen enough to answer.
    const reader = new BodyReader(stream, () => undefined)
    return {
      id: header.call,
      caller,
      callerName: this.#options.nameOf(caller),
      capability: header.capability,
      type: header.type,
      meta: header.meta ?? {},
      trace: header.trace,
      deadlineMs: header.deadline,
      signal: abort.signal,
      chunks: () => reader.chunks(),
      body: () => reader.body(),
      bytes: (options) => reader.bytes(options),
      text: (options) => reader.text(options),
      json: (options) => reader.json(options),
      [Symbol.asyncIterator]: () => reader.messages(),
    }
  }

  async #answer(
    id: number,
    running: Running,
    handler: CallHandler,
    call: IncomingCall,
  ): Promise<void> {
    const { stream } = running
    try {
      const result = await handler(call)
      const { body, type, meta } = result instanceof Reply ? result : new Reply(result)
      // Nobody waits for it any more; a streamed answer's source must hear so.
      if (stream.failed) return stopBody(body)
      const answerType = type ?? defaultType(body)
      this.#options.port.answer(id, {
        ...(answerType === undefined ? {} : { type: answerType }),
        ...(meta === undefined ? {} : { meta: { ...meta } }),
      })
      await stream.send(body)
      // What the handler did not want to read has to be read by someone for the call to end.
      if (!stream.readEnded) await stream.discard()
    } catch (error) {
      stream.fail(error, { tell: 'reset', ...refusalOf(error) })
    }
  }

  #timedOut({ stream }: Running): void {
    stream.fail(new MeshError('timeout'), { tell: 'reset', code: 'timeout' })
  }

  #leave(id: number, caller: AgentId): void {
    if (!this.#running.delete(id)) return
    const left = (this.#ofCaller.get(caller) ?? 1) - 1
    if (left > 0) this.#ofCaller.set(caller, left)
    else this.#ofCaller.delete(caller)
  }

  #with(id: number, act: (running: Running) => void): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    act(running)
    return true
  }
}

/** What the caller is told of a handler's failure: a code, and details only where they are meant. */
function refusalOf(error: unknown): { code: ErrorCode; detail?: Record<string, unknown> } {
  if (!isMeshError(error) || !answerableCodes.has(error.code)) return { code: 'handler-failed' }
  const { code, details } = error
  return details === undefined || !fits(details) ? { code } : { code, detail: { ...details } }
}

function fits(details: Readonly<Record<string, unknown>>): boolean {
  try {
    return new TextEncoder().encode(JSON.stringify(details)).length <= limits.errorDetailBytes
  } catch {
    return false
  }
}
