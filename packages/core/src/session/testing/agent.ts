import { concat, toBase64url } from '../../bytes.js'
import type { Crypto } from '../../crypto.js'
import type { ErrorCode } from '../../errors.js'
import type { AgentId } from '../../identity/agent-id.js'
import { createKeypair, type Keypair, SecretKey } from '../../identity/keypair.js'
import { Budget } from '../budget.js'
import type { Effect, StreamId } from '../effects.js'
import { Endpoint } from '../endpoint.js'
import type { CallHeader } from '../headers.js'
import type { SessionLimits } from '../limits.js'
import type { Network } from './network.js'

export interface AgentOptions {
  readonly crypto: Crypto
  readonly keypair?: Keypair
  readonly budget?: Budget
  readonly limits?: Partial<SessionLimits>
  readonly mayTalk?: (peer: AgentId) => boolean
}

/** What became of a call, at either end. */
export interface CallRecord {
  readonly stream: StreamId
  readonly header: CallHeader
  readonly peer: AgentId
  messages: Uint8Array[]
  parts: Uint8Array[]
  isAnswered: boolean
  isEnded: boolean
  isFinished: boolean
  isClosed: boolean
  isCanceled: boolean
  error?: ErrorCode
}

/** Does something with a call that came in, whenever something new is known of it. */
export type Handler = (agent: TestAgent, call: CallRecord) => void

/** Reads the request to its end and sends it back. */
export const echo: Handler = (agent, call) => {
  if (!call.isEnded || call.isAnswered) return
  call.isAnswered = true
  agent.endpoint.answer(call.stream, { type: 'text/plain' }, agent.now)
  for (const message of call.messages) {
    agent.endpoint.write(call.stream, message, true, agent.now)
  }
  agent.endpoint.end(call.stream, agent.now)
}

/** An Endpoint with an application that calls and serves, for tests. */
export class TestAgent {
  readonly keypair: Keypair
  readonly incarnation: Uint8Array
  readonly endpoint: Endpoint
  readonly network: Network
  readonly budget: Budget
  /** By handle: calls of ours, and calls of others. */
  readonly calls = new Map<StreamId, CallRecord>()
  readonly served = new Map<StreamId, CallRecord>()
  /** How often each call id was handed to the application. */
  readonly runs = new Map<string, number>()
  readonly events: Effect[] = []
  handler: Handler = echo
  /** Streams that the application does not read. */
  readonly unread = new Set<StreamId>()
  isReading = true

  constructor(network: Network, options: AgentOptions) {
    const { crypto } = options
    this.network = network
    this.keypair = options.keypair ?? createKeypair(SecretKey.generate(crypto), crypto)
    this.incarnation = crypto.randomBytes(16)
    this.budget = options.budget ?? new Budget()
    this.endpoint = new Endpoint({
      keypair: this.keypair,
      crypto,
      incarnation: this.incarnation,
      budget: this.budget,
      mayTalk: options.mayTalk ?? (() => true),
      limits: options.limits ?? {},
    })
    network.join(this.id, this.endpoint, (effect) => this.#handle(effect))
  }

  get id(): AgentId {
    return this.keypair.id
  }

  get now(): number {
    return this.network.now
  }

  get budgetUsed(): number {
    return this.budget.usedBytes
  }

  /** Calls with one message (or several), ended. */
  call(peer: AgentId, capability = 'echo', ...messages: Uint8Array[]): CallRecord {
    const record = this.open(peer, { capability })
    this.network.act(this.id, (endpoint, now) => {
      for (const message of messages) endpoint.write(record.stream, message, true, now)
      endpoint.end(record.stream, now)
    })
    return record
  }

  /** Opens a call and leaves it open. */
  open(peer: AgentId, header: Partial<CallHeader> = {}): CallRecord {
    const full = { capability: 'echo', call: newCallId(), ...header }
    return this.network.act(this.id, (endpoint, now) => {
      const stream = endpoint.open(peer, full, now)
      const record = newRecord(stream, full, peer)
      this.calls.set(stream, record)
      return record
    })
  }

  /** Reads everything there is of a stream. */
  read(record: CallRecord): void {
    for (;;) {
      const chunk = this.endpoint.read(record.stream, this.now)
      if (chunk === undefined) return
      if (chunk === 'end') {
        record.isEnded = true
        return
      }
      record.parts.push(chunk.bytes)
      if (!chunk.endOfMessage) continue
      record.messages.push(concat(...record.parts))
      record.parts = []
    }
  }

  #handle(effect: Exclude<Effect, { kind: 'transmit' }>): void {
    this.events.push(effect)
    if (effect.kind === 'session') return
    if (effect.kind === 'opened') {
      const { stream, header, peer } = effect
      this.served.set(stream, newRecord(stream, header, peer))
      this.runs.set(header.call, (this.runs.get(header.call) ?? 0) + 1)
    }
    const record = this.calls.get(effect.stream) ?? this.served.get(effect.stream)
    if (record === undefined) return
    if (effect.kind === 'answered') record.isAnswered = true
    if (effect.kind === 'finished') record.isFinished = true
    if (effect.kind === 'canceled') record.isCanceled = true
    if (effect.kind === 'reset') record.error = effect.error.code
    if (effect.kind === 'closed') record.isClosed = true
    if (this.isReading && !this.unread.has(record.stream)) this.read(record)
    if (this.served.has(effect.stream) && !record.isClosed) this.handler(this, record)
  }
}

let callNumber = 0

/** Call ids that differ; nothing here needs them to be secret. */
export function newCallId(): string {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, ++callNumber)
  return toBase64url(bytes)
}

function newRecord(stream: StreamId, header: CallHeader, peer: AgentId): CallRecord {
  return {
    stream,
    header,
    peer,
    messages: [],
    parts: [],
    isAnswered: false,
    isEnded: false,
    isFinished: false,
    isClosed: false,
    isCanceled: false,
  }
}
