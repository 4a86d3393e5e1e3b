import type {
  AgentId,
  AnswerHeader,
  CallHeader,
  Chunk,
  Clock,
  Effect,
  Endpoint,
  ErrorCode,
  LinkTerms,
  StreamId,
  UndeliverableNotice,
} from '@agent-mesh/core'
import type { IncomingCalls } from '../calls/incoming.js'
import type { OutgoingCalls } from '../calls/outgoing.js'
import type { Timers } from '../timers.js'
import { Wakeup } from '../wakeup.js'

export interface PeersOptions {
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly timers: Timers
  /** False: the link could not take the packet. */
  readonly transmit: (link: string, to: AgentId, packet: Uint8Array) => boolean
}

/**
 * Gives the sessions of one agent their clock and their links, and tells the calls what happened.
 * Effects are taken once per turn of the event loop's microtasks, so that what one turn wrote
 * leaves in as few records as possible.
 */
export class Peers {
  readonly #options: PeersOptions
  readonly #wakeup: Wakeup
  #incoming: IncomingCalls | undefined
  #outgoing: OutgoingCalls | undefined
  #scheduled = false
  #flushing = false
  #closed = false

  constructor(options: PeersOptions) {
    this.#options = options
    const { clock, timers, endpoint } = options
    this.#wakeup = new Wakeup(clock, timers, () => {
      endpoint.tick(clock.now())
      this.#flush()
    })
  }

  /** Who hears of calls; both need the ports below, hence not in the constructor. */
  serve(incoming: IncomingCalls, outgoing: OutgoingCalls): void {
    this.#incoming = incoming
    this.#outgoing = outgoing
  }

  // What links tell.

  linkUp(terms: LinkTerms): void {
    this.#options.endpoint.linkUp(terms, this.#now())
    // At once: the first packets belong behind the login, in the same flight.
    this.#flush()
  }

  linkDown(link: string): void {
    this.#options.endpoint.linkDown(link, this.#now())
    this.#schedule()
  }

  receive(from: AgentId, packet: Uint8Array, link: string): void {
    this.#options.endpoint.receive(from, packet, link, this.#now())
    this.#schedule()
  }

  undeliverable(notice: UndeliverableNotice, link: string): void {
    this.#options.endpoint.undeliverable(notice, link, this.#now())
    this.#schedule()
  }

  // What calls need (CallingPort, AnsweringPort).

  open(peer: AgentId, header: CallHeader): StreamId {
    const stream = this.#options.endpoint.open(peer, header, this.#now())
    this.#schedule()
    return stream
  }

  answer(stream: StreamId, header: AnswerHeader): void {
    this.#options.endpoint.answer(stream, header, this.#now())
    this.#schedule()
  }

  read(stream: StreamId): Chunk | 'end' | undefined {
    const chunk = this.#options.endpoint.read(stream, this.#now())
    // Reading gives credit, which has to be told.
    if (chunk !== undefined) this.#schedule()
    return chunk
  }

  write(stream: StreamId, bytes: Uint8Array, endOfMessage: boolean): boolean {
    const more = this.#options.endpoint.write(stream, bytes, endOfMessage, this.#now())
    this.#schedule()
    return more
  }

  end(stream: StreamId): void {
    this.#options.endpoint.end(stream, this.#now())
    this.#schedule()
  }

  cancel(stream: StreamId): void {
    this.#options.endpoint.cancel(stream, this.#now())
    this.#schedule()
  }

  reset(stream: StreamId, code: ErrorCode, detail?: Record<string, unknown>): void {
    this.#options.endpoint.reset(stream, code, detail, this.#now())
    this.#schedule()
  }

  /** Runs the decision again for everything that is open; resets what is no longer allowed. */
  redecide(allowed: (peer: AgentId, capability: string) => boolean): void {
    this.#options.endpoint.redecide(allowed, this.#now())
    this.#flush()
  }

  /** Says goodbye on every session; nothing happens afterwards. */
  close(): void {
    if (this.#closed) return
    this.#options.endpoint.close(this.#now())
    this.#flush()
    this.#closed = true
    this.#wakeup.cancel()
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    // What an effect brings about is taken by the loop that carries it out, or order were lost.
    if (this.#closed || this.#flushing) return
    const { endpoint } = this.#options
    this.#flushing = true
    try {
      for (;;) {
        const effects = endpoint.drain()
        if (effects.length === 0) break
        for (const effect of effects) this.#carryOut(effect)
      }
    } finally {
      this.#flushing = false
    }
    this.#wakeup.at(endpoint.deadline())
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'transmit':
        this.#transmit(effect.link, effect.to, effect.packet)
        return
      case 'opened':
        this.#incoming?.opened(effect.stream, effect.peer, effect.header)
        return
      case 'answered':
        this.#outgoing?.answered(effect.stream, effect.header)
        return
      case 'canceled':
        this.#incoming?.canceled(effect.stream)
        return
      case 'reset':
        this.#either((calls) => calls.reset(effect.stream, effect.error))
        return
      case 'readable':
      case 'writable':
      case 'closed':
        this.#either((calls) => calls[effect.kind](effect.stream))
        return
      case 'finished':
      case 'session':
        return
    }
  }

  #transmit(link: string, to: AgentId, packet: Uint8Array): void {
    if (this.#options.transmit(link, to, packet)) return
    // Our own queue is full: to the session that is the same as a relay that cannot take more.
    const notice = { to, reason: 'congested', count: 1, retryAfterMs: 0 } as const
    this.#options.endpoint.undeliverable(notice, link, this.#now())
  }

  #either(tell: (calls: IncomingCalls | OutgoingCalls) => boolean | undefined): void {
    if (this.#outgoing !== undefined && tell(this.#outgoing)) return
    if (this.#incoming !== undefined) tell(this.#incoming)
  }

  #now(): number {
    return this.#options.clock.now()
  }
}
