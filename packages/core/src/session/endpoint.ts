import { toBase64url } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import type { ErrorCode } from '../errors.js'
import { isMeshError, MeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import type { Budget } from './budget.js'
import type {
  Chunk,
  Effect,
  EndpointStats,
  LinkId,
  LinkTerms,
  PeerState,
  StreamId,
  UndeliverableNotice,
} from './effects.js'
import { settle } from './ending.js'
import { Exchange } from './exchange.js'
import { incarnationBytes } from './handshaking.js'
import { type AnswerHeader, type CallHeader, encodeHeader } from './headers.js'
import { epochPackets, type SessionLimits, sessionLimits, streamCreditBytes } from './limits.js'
import { decodePacketHeader } from './packet.js'
import type { Stream } from './stream.js'

export interface EndpointOptions {
  readonly keypair: Keypair
  readonly crypto: Crypto
  /** 16 random bytes, fresh for every Endpoint: one that was made anew has forgotten its calls. */
  readonly incarnation: Uint8Array
  /** Shared by all Endpoints of the process. */
  readonly budget: Budget
  /** Whether there may be packets between us and this agent at all. */
  readonly mayTalk: (peer: AgentId) => boolean
  readonly limits?: Partial<SessionLimits>
}

/**
 * All sessions of one local agent, without I/O (docs/protocol.md §4). Inputs change its state;
 * what has to be done is collected until `drain`, which also packs what is to be sent. `now` is
 * monotonic milliseconds. Methods given a stream that is unknown or closed do nothing.
 */
export class Endpoint {
  readonly #exchange: Exchange
  #isClosed = false

  /** Throws 'invalid' for limits or an incarnation that could not work. */
  constructor(options: EndpointOptions) {
    const limits = { ...sessionLimits, ...options.limits }
    if (options.incarnation.length !== incarnationBytes) {
      throw new MeshError('invalid', `an incarnation has ${incarnationBytes} bytes`)
    }
    if (limits.windowPackets >= epochPackets) {
      throw new MeshError('invalid', `the window is below ${epochPackets} packets`)
    }
    this.#exchange = new Exchange(options, limits)
  }

  /** A packet that a link carried. Garbage, repetitions and forgeries are ignored. */
  receive(from: AgentId, packet: Uint8Array, link: LinkId, now: number): void {
    this.#exchange.now = now
    const header = decodePacketHeader(packet)
    if (header !== undefined && !this.#isClosed) this.#exchange.route(from, header, packet, link)
  }

  /** Throws 'invalid' where the link carries too little. */
  linkUp(link: LinkTerms, now: number): void {
    this.#exchange.now = now
    this.#exchange.links.up(link, now)
    this.#exchange.linksChanged((peer) => peer.linkUp())
  }

  linkDown(id: LinkId, now: number): void {
    this.#exchange.now = now
    this.#exchange.links.down(id)
    this.#exchange.linksChanged((peer) => peer.linkDown(id))
  }

  undeliverable(notice: UndeliverableNotice, link: LinkId, now: number): void {
    this.#exchange.now = now
    for (const peer of this.#exchange.peersOf(notice.to)) peer.undeliverable(notice, link)
  }

  /** Calls `peer`. Whatever is wrong is told by a 'reset' effect. */
  open(peer: AgentId, header: CallHeader, now: number): StreamId {
    this.#exchange.now = now
    const exchange = this.#exchange
    const hasRoom = exchange.budget.take(streamCreditBytes, 'stream')
    const stream = exchange.newStream({ peer, role: 'caller', header })
    const refusal = hasRoom ? this.#refusal(peer, header) : 'busy'
    if (!hasRoom) stream.receiving.disown()
    if (refusal === undefined) exchange.peerFor(peer).call(stream)
    else exchange.fail(stream, refusal)
    return stream.handle
  }

  /** Begins the answer. Throws 'too-large' where the header is. */
  answer(id: StreamId, header: AnswerHeader, now: number): void {
    const stream = this.#find(id, now)
    if (stream?.role !== 'callee' || stream.answer !== undefined) return
    stream.home?.answer(stream, header)
    this.#touch(stream)
  }

  /**
   * Queues bytes, which are not to be changed afterwards. They are taken in any case; false means
   * that the queue is long and 'writable' will come. A callee that has not answered answers.
   */
  write(id: StreamId, bytes: Uint8Array, endOfMessage: boolean, now: number): boolean {
    const stream = this.#find(id, now)
    if (stream === undefined || stream.sending.hasEnded) return true
    if (stream.role === 'callee' && stream.answer === undefined) this.answer(id, {}, now)
    // Nothing that ends nothing would be a frame of nothing.
    if (bytes.length > 0 || endOfMessage) stream.sending.push({ bytes, endOfMessage })
    stream.home?.offer(stream)
    this.#touch(stream)
    const { sending } = stream
    sending.isOverfull ||= sending.queuedBytes > this.#exchange.limits.sendQueueBytes
    return !sending.isOverfull
  }

  /** Nothing more will be written. */
  end(id: StreamId, now: number): void {
    const stream = this.#find(id, now)
    if (stream === undefined || stream.sending.hasEnded) return
    if (stream.role === 'callee' && stream.answer === undefined) this.answer(id, {}, now)
    stream.sending.hasEnded = true
    stream.home?.offer(stream)
    this.#touch(stream)
  }

  /** The caller does not want the answer any more. */
  cancel(id: StreamId, now: number): void {
    const stream = this.#find(id, now)
    if (stream?.role !== 'caller') return
    this.#leave(stream, () => stream.home?.cancel(stream))
  }

  /** Gives up both directions; the far side gets the code, and `detail` if it fits in 4 KiB. */
  reset(id: StreamId, code: ErrorCode, detail: object | undefined, now: number): void {
    const stream = this.#find(id, now)
    if (stream !== undefined) this.#leave(stream, () => stream.home?.reset(stream, code, detail))
  }

  /** The next piece, 'end' after the last, undefined while there is none. Reading gives credit. */
  read(id: StreamId, now: number): Chunk | 'end' | undefined {
    const stream = this.#find(id, now)
    if (stream === undefined) return undefined
    const { receiving, home } = stream
    const chunk = receiving.shift()
    if (chunk !== undefined) {
      home?.consumed(stream)
      this.#touch(stream)
      return chunk
    }
    receiving.isAnnounced = false
    if (!receiving.hasEnded) return undefined
    receiving.isEndRead = true
    if (home === undefined) settle(this.#exchange, stream)
    else home.closeIfComplete(stream)
    return 'end'
  }

  /** To be called when rules or groups changed: what is no longer allowed ends with 'denied'. */
  redecide(allowed: (peer: AgentId, capability: string) => boolean, now: number): void {
    this.#exchange.now = now
    for (const peer of this.#exchange.peers()) {
      if (!this.#exchange.mayTalk(peer.id)) peer.close('denied')
    }
    for (const stream of this.#exchange.allStreams()) {
      if (stream.role !== 'callee' || allowed(stream.peer, stream.header.capability)) continue
      const { home } = stream
      home?.reset(stream, 'denied', undefined)
      this.#touch(stream)
      this.#exchange.fail(stream, 'denied')
    }
  }

  /** Ends all calls and says goodbye. The last packets come with the next drain. */
  close(now: number): void {
    this.#exchange.now = now
    for (const peer of this.#exchange.peers()) peer.close('interrupted')
    this.#isClosed = true
  }

  deadline(): number | undefined {
    return this.#exchange.timers.next()
  }

  tick(now: number): void {
    this.#exchange.now = now
    this.#exchange.tick()
  }

  /** What has to be done since the last time, in order. */
  drain(): Effect[] {
    return this.#exchange.drain()
  }

  stats(): EndpointStats {
    return this.#exchange.stats()
  }

  peerState(peer: AgentId): PeerState {
    const known = this.#exchange.peersOf(peer)[0]
    return known?.state() ?? { state: 'none', sessions: 0, streams: 0 }
  }

  #refusal(peer: AgentId, header: CallHeader): ErrorCode | undefined {
    if (this.#isClosed) return 'canceled'
    if (!this.#exchange.mayTalk(peer)) return 'denied'
    try {
      // With the incarnation that is filled in later, which is as long as ours.
      encodeHeader({ incarnation: toBase64url(new Uint8Array(16)), ...header })
    } catch (error) {
      return isMeshError(error) ? error.code : 'invalid'
    }
    return undefined
  }

  #leave(stream: Stream, tellPeer: () => void): void {
    if (stream.home === undefined) {
      for (const peer of this.#exchange.peersOf(stream.peer)) peer.withdraw(stream)
    } else {
      this.#touch(stream)
      tellPeer()
    }
    this.#exchange.streamClosed(stream)
  }

  #find(id: StreamId, now: number): Stream | undefined {
    this.#exchange.now = now
    return this.#exchange.stream(id)
  }

  #touch(stream: Stream): void {
    stream.home?.touch()
  }
}
