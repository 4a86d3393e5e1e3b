import {
  type AgentId,
  type AnswerHeader,
  type CallHeader,
  type Clock,
  type Crypto,
  MeshError,
  toBase64url,
} from '@agent-mesh/core'
import type { Timers } from '../timers.js'
import { Answer, callError } from './answer.js'
import type { CallOptions } from './call.js'
import { CallStream, type StreamPort } from './call-stream.js'
import { type Body, defaultType } from './chunk.js'
import { DeadlineTimer } from './deadline-timer.js'

/** The session, as the calling side needs it. */
export interface CallingPort extends StreamPort {
  open(peer: AgentId, header: CallHeader): number
}

export interface OutgoingOptions {
  readonly port: CallingPort
  readonly crypto: Crypto
  readonly clock: Clock
  readonly timers: Timers
}

/** One call on its way out, from `open` until nothing of it can happen any more. */
class OutgoingCall {
  readonly stream: CallStream
  readonly answered: Promise<AnswerHeader>
  readonly resolve: (header: AnswerHeader) => void
  readonly reject: (reason: unknown) => void
  /** The error as the caller reads it. */
  readonly describe: (error: MeshError) => MeshError

  constructor(
    port: StreamPort,
    id: number,
    describe: (error: MeshError) => MeshError,
    onEnd: () => void,
  ) {
    let resolve: (header: AnswerHeader) => void = () => undefined
    let reject: (reason: unknown) => void = () => undefined
    this.answered = new Promise((yes, no) => {
      resolve = yes
      reject = no
    })
    // Whoever waits for the header gets the rejection; when nobody does yet, it is not an accident.
    this.answered.catch(() => undefined)
    this.resolve = resolve
    this.reject = reject
    this.describe = describe
    this.stream = new CallStream(port, id, {
      onEnd,
      // The whole answer is here, so nobody reads the rest of the request any more.
      onReadEnd: () => this.stream.abandonWriting(),
    })
  }
}

/** All calls that this agent makes. */
export class OutgoingCalls {
  readonly #options: OutgoingOptions
  readonly #calls = new Map<number, OutgoingCall>()
  #count = 0

  constructor(options: OutgoingOptions) {
    this.#options = options
  }

  /** Calls made so far. */
  get count(): number {
    return this.#count
  }

  get running(): number {
    return this.#calls.size
  }

  /** Resolves with the answer's header; rejects with a MeshError or the signal's reason. */
  async call(
    peer: AgentId,
    name: string,
    capability: string,
    body: Body,
    options: CallOptions,
  ): Promise<Answer> {
    const { port, crypto, clock, timers } = this.#options
    const { signal, deadlineMs } = options
    signal?.throwIfAborted()
    const type = options.type ?? defaultType(body)
    const header: CallHeader = {
      capability,
      call: options.id ?? toBase64url(crypto.randomBytes(16)),
      ...(type === undefined ? {} : { type }),
      ...(deadlineMs === undefined ? {} : { deadline: Math.max(1, Math.ceil(deadlineMs)) }),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...(options.meta === undefined ? {} : { meta: { ...options.meta } }),
    }
    const id = port.open(peer, header)
    const timer = new DeadlineTimer(clock, timers)
    const describe = (error: MeshError): MeshError => callError(error, name, capability)
    const call = new OutgoingCall(port, id, describe, () => {
      timer.cancel()
      signal?.removeEventListener('abort', aborted)
      this.#calls.delete(id)
    })
    const fail = (reason: unknown): void => {
      call.stream.fail(reason, { tell: 'cancel' })
      call.reject(reason)
    }
    const aborted = (): void => fail(signal?.reason)
    signal?.addEventListener('abort', aborted, { once: true })
    if (deadlineMs !== undefined)
      timer.start(deadlineMs, () => fail(timedOut(name, capability, deadlineMs)))
    this.#calls.set(id, call)
    this.#count += 1
    call.stream.send(body).catch((reason) => fail(reason))
    const answer = await call.answered
    const { type: answerType, meta = {} } = answer
    return new Answer(call.stream, { peer, call: header.call, type: answerType, meta })
  }

  // What the driver tells. False: the stream is not one of ours.

  answered(id: number, header: AnswerHeader): boolean {
    return this.#with(id, (call) => call.resolve(header))
  }

  readable(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.readable())
  }

  writable(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.writable())
  }

  reset(id: number, error: MeshError): boolean {
    return this.#with(id, (call) => {
      const described = call.describe(error)
      call.stream.fail(described, { tell: 'nothing' })
      call.reject(described)
    })
  }

  closed(id: number): boolean {
    return this.#with(id, ({ stream }) => stream.closed())
  }

  /** Gives up every call. */
  failAll(error: MeshError): void {
    for (const call of [...this.#calls.values()]) {
      call.stream.fail(error, { tell: 'cancel' })
      call.reject(error)
    }
  }

  #with(id: number, act: (call: OutgoingCall) => void): boolean {
    const call = this.#calls.get(id)
    if (call === undefined) return false
    act(call)
    return true
  }
}

function timedOut(name: string, capability: string, deadlineMs: number): MeshError {
  return new MeshError('timeout', `${capability} on ${name}: no answer within ${deadlineMs} ms`, {
    details: { deadlineMs },
  })
}
