import { toBase64url } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { type ErrorCode, MeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import type { Receptionist } from './arrivals.js'
import type { Budget } from './budget.js'
import { Calls } from './calls.js'
import type { Commons } from './commons.js'
import type { Effect, EndpointStats, LinkId, StreamId } from './effects.js'
import type { EndpointOptions } from './endpoint.js'
import { Indices, Throttle } from './indices.js'
import type { SessionLimits } from './limits.js'
import { Links } from './links.js'
import { encodePacketHeader, type PacketHeader } from './packet.js'
import { Peer } from './peer.js'
import { receptionist } from './reception.js'
import type { Session } from './session.js'
import { Stream, type StreamOptions } from './stream.js'
import { Timers } from './timers.js'

/** How far sessions that replace another may go beyond the limit, as a factor. */
const replacementRoom = 1.25

/** The inside of an Endpoint: who owns which index, who is due, what has to be done. */
export class Exchange implements Commons {
  readonly keypair: Keypair
  readonly crypto: Crypto
  readonly incarnation: Uint8Array
  readonly incarnationText: string
  readonly limits: SessionLimits
  readonly budget: Budget
  readonly links = new Links()
  readonly calls: Calls
  readonly indices: Indices
  readonly halfOpen = new Map<object, () => void>()
  readonly timers = new Timers()
  readonly welcome: Receptionist
  readonly mayTalk: (peer: AgentId) => boolean
  now = 0
  readonly #peers = new Map<AgentId, Peer>()
  /** The end of calls to ourselves that is called. */
  #mirror: Peer | undefined
  readonly #streams = new Map<StreamId, Stream>()
  /** Idle sessions, the longest idle first. */
  readonly #idle = new Set<Session>()
  /** Those that fell idle last keep their keys at hand: deriving them costs as much as a call. */
  readonly #warm = new Set<Session>()
  readonly #touched = new Set<Session>()
  readonly #touchedPeers = new Set<Peer>()
  readonly #hints: Throttle
  #sessions = 0
  #nextStream = 1
  #effects: Effect[] = []

  constructor(options: EndpointOptions, limits: SessionLimits) {
    this.keypair = options.keypair
    this.crypto = options.crypto
    this.incarnation = options.incarnation
    this.incarnationText = toBase64url(options.incarnation)
    this.limits = limits
    this.budget = options.budget
    this.mayTalk = options.mayTalk
    this.calls = new Calls(limits)
    this.indices = new Indices(options.crypto)
    this.#hints = new Throttle(limits.noSessionMs, limits.maxNoSessionPeers)
    this.welcome = receptionist(this)
  }

  route(from: AgentId, header: PacketHeader, packet: Uint8Array, link: LinkId): void {
    if (header.kind === 'noSession') {
      for (const peer of this.peersOf(from)) peer.noSession(header.index)
      return
    }
    if (header.kind === 'handshake1') {
      if (this.mayTalk(from)) this.#answererOf(from, header)?.request(header.number, packet, link)
      return
    }
    const route = this.indices.get(header.index)
    if (route === undefined || route.peer.id !== from) {
      if (header.kind !== 'handshake2') this.#tellNoSession(from, header, link)
      return
    }
    const { peer, session } = route
    if (session === undefined) peer.handshake(header, packet, link)
    else if (header.kind === 'sealed') session.receive(header, packet, link)
    else if (header.kind === 'handshake3') session.acknowledgeSoon()
  }

  /** A link came or went: only those that are at work care. */
  linksChanged(tell: (peer: Peer) => void): void {
    for (const peer of this.peers()) {
      tell(peer)
      for (const session of peer.sessions) if (!this.#idle.has(session)) this.touch(session)
    }
  }

  peers(): Peer[] {
    const peers = [...this.#peers.values()]
    return this.#mirror === undefined ? peers : [...peers, this.#mirror]
  }

  /** Usually one or none; for ourselves both ends. */
  peersOf(id: AgentId): Peer[] {
    const peer = this.#peers.get(id)
    const mirror = id === this.keypair.id ? this.#mirror : undefined
    return [peer, mirror].filter((known) => known !== undefined)
  }

  peerFor(id: AgentId): Peer {
    let peer = this.#peers.get(id)
    if (peer === undefined) {
      peer = new Peer(this, id)
      this.#peers.set(id, peer)
    }
    return peer
  }

  stream(id: StreamId): Stream | undefined {
    return this.#streams.get(id)
  }

  allStreams(): Stream[] {
    return [...this.#streams.values()]
  }

  tick(): void {
    for (let item = this.timers.takeDue(this.now); item; item = this.timers.takeDue(this.now)) {
      item.tick()
      // Each at most once per tick: whoever is due again at once waits for the next.
      if (item instanceof Peer) this.touchPeer(item)
      else this.#touched.add(item as Session)
    }
  }

  drain(): Effect[] {
    for (const session of this.#touched) {
      session.flush()
      this.timers.schedule(session)
    }
    this.#touched.clear()
    for (const peer of this.#touchedPeers) {
      this.timers.schedule(peer)
      if (!peer.isEmpty) continue
      if (peer === this.#mirror) this.#mirror = undefined
      else this.#peers.delete(peer.id)
    }
    this.#touchedPeers.clear()
    this.#letRest()
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  stats(): EndpointStats {
    const sessions = this.peers().flatMap((peer) => peer.sessions)
    let unacknowledgedBytes = 0
    let bufferedBytes = 0
    for (const session of sessions) {
      if (session.isResting) continue
      const { inFlight, received, early } = session
      unacknowledgedBytes += inFlight.retainedBytes + (early?.record.length ?? 0)
      bufferedBytes += received.heldBytes
    }
    for (const { receiving } of this.#streams.values()) bufferedBytes += receiving.bufferedCharge
    return {
      peers: this.#peers.size,
      sessions: this.#sessions,
      halfOpen: this.halfOpen.size,
      streams: this.#streams.size,
      unacknowledgedBytes,
      bufferedBytes,
    }
  }

  emit(effect: Effect): void {
    this.#effects.push(effect)
  }

  touch(session: Session): void {
    this.#touched.add(session)
  }

  touchPeer(peer: Peer): void {
    this.#touchedPeers.add(peer)
  }

  hasRoomForSession(peer: Peer): boolean {
    return this.#idle.size > 0 || this.#sessions < this.#maxSessionsFor(peer)
  }

  admitSession(peer: Peer): boolean {
    if (this.#sessions < this.#maxSessionsFor(peer)) return true
    for (const session of this.#idle) {
      session.options.owner.evicted(session)
      return true
    }
    return false
  }

  sessionOpened(session: Session, peer: Peer): void {
    this.#sessions++
    this.indices.set(session.options.localIndex, { peer, session })
  }

  sessionClosed(session: Session): void {
    this.#sessions--
    this.sessionIdle(session, false)
    this.#touched.delete(session)
    this.timers.remove(session)
    this.indices.free(session.options.localIndex)
  }

  sessionIdle(session: Session, isIdle: boolean): void {
    if (!isIdle) {
      this.#idle.delete(session)
      this.#warm.delete(session)
      return
    }
    this.#idle.add(session)
    this.#warm.add(session)
  }

  newStream(options: Pick<StreamOptions, 'peer' | 'role' | 'header'>): Stream {
    const handle = this.#nextStream++
    const { budget, limits, now } = this
    const stream = new Stream({ ...options, handle, budget, limits, now })
    this.#streams.set(handle, stream)
    return stream
  }

  fail(stream: Stream, code: ErrorCode, cause?: unknown): void {
    if (stream.isClosed) return
    const error = new MeshError(code, undefined, cause === undefined ? {} : { cause })
    this.emit({ kind: 'reset', stream: stream.handle, error })
    this.streamClosed(stream)
  }

  streamClosed(stream: Stream): void {
    if (stream.isClosed) return
    stream.isClosed = true
    stream.receiving.release()
    stream.sending.clear()
    this.#streams.delete(stream.handle)
    this.emit({ kind: 'closed', stream: stream.handle })
  }

  /** The longest idle sessions beyond the warm ones rest, once nothing of them is due. */
  #letRest(): void {
    for (const coldest of this.#warm) {
      if (this.#warm.size <= this.limits.maxWarmSessions) return
      this.#warm.delete(coldest)
      if (coldest.rest()) continue
      this.#warm.add(coldest)
      return
    }
  }

  /** Were there no room beside, a session at the limit could never be replaced. */
  #maxSessionsFor(peer: Peer): number {
    const { maxSessions } = this.limits
    return peer.sessions.length > 0 ? Math.ceil(maxSessions * replacementRoom) : maxSessions
  }

  /** Who answers a message 1. For one that we sent to ourselves, the end that did not. */
  #answererOf(from: AgentId, header: PacketHeader): Peer | undefined {
    if (from !== this.keypair.id) return this.peerFor(from)
    const isOurs = this.indices.get(header.number)?.peer === this.#peers.get(from)
    if (!isOurs) return undefined
    this.#mirror ??= new Peer(this, from, true)
    return this.#mirror
  }

  /** A hint for a peer whose session we do not know (any more). Never an answer to a hint. */
  #tellNoSession(from: AgentId, { index, number, space }: PacketHeader, link: LinkId): void {
    if (!this.mayTalk(from) || !this.#hints.allows(from, this.now)) return
    const packet = encodePacketHeader({ kind: 'noSession', index, number, space })
    this.emit({ kind: 'transmit', to: from, packet, link })
  }
}
