import { equal } from '../bytes.js'
import type { ErrorCode } from '../errors.js'
import { type AgentId, compareAgentIds } from '../identity/agent-id.js'
import type { Commons } from './commons.js'
import { introduce } from './departure.js'
import type { LinkId, PeerState, UndeliverableNotice } from './effects.js'
import { type Ending, endSession } from './ending.js'
import type { DataFrame } from './frames.js'
import { HalfOpen } from './half-open.js'
import type { Answered, Introduced, Responder } from './handshaking.js'
import type { PacketHeader } from './packet.js'
import { receptionist } from './reception.js'
import { Session, type SessionOwner } from './session.js'
import type { Stream } from './stream.js'
import type { Timed } from './timers.js'

/** A session that the peer said it still holds is not doubted again for so long. */
const trustMs = 10_000

/**
 * One remote agent: the session that new calls take, those that drain, handshakes under way, and
 * calls that wait for a session. Only a verified handshake replaces anything.
 */
export class Peer implements Timed, SessionOwner {
  readonly id: AgentId
  readonly halfOpen: HalfOpen
  readonly welcome: SessionOwner['welcome']
  heapAt = 0
  heapPosition = -1
  readonly #commons: Commons
  /** The end of calls to oneself that is called: it never begins a handshake. */
  readonly #isPassive: boolean
  #current: Session | undefined
  #draining: Session[] = []
  /** Calls without a session. */
  #pending: Stream[] = []
  /** Links that said the peer is not there, while calls wait. */
  readonly #refused = new Set<LinkId>()
  /** When a handshake begins unless the peer was heard of. */
  #connectAt: number | undefined
  #incarnation: Uint8Array | undefined
  #trustUntil = 0
  /** Sessions that the peer was asked about. */
  readonly #probes = new Map<number, Session>()
  #nextProbe = 1

  constructor(commons: Commons, id: AgentId, isPassive = false) {
    this.id = id
    this.#commons = commons
    this.#isPassive = isPassive
    this.welcome = receptionist(commons)
    const isLarger = compareAgentIds(commons.keypair.id, id) > 0
    this.halfOpen = new HalfOpen(commons, this, isLarger)
  }

  get isEmpty(): boolean {
    const hasSession = this.#current !== undefined || this.#draining.length > 0
    return !hasSession && this.#pending.length === 0 && this.halfOpen.isEmpty
  }

  get sessions(): readonly Session[] {
    return this.#current === undefined ? this.#draining : [this.#current, ...this.#draining]
  }

  get pending(): readonly Stream[] {
    return this.#pending
  }

  state(): PeerState {
    const { sessions } = this
    const current = this.#current
    const rtt = current?.congestion.roundTripMs
    const link = current?.path.linkId
    return {
      state: current ? 'established' : this.halfOpen.isConnecting ? 'connecting' : 'none',
      sessions: sessions.length,
      streams: sessions.reduce((sum, session) => sum + session.streams.size, this.#pending.length),
      ...(link === undefined ? {} : { link }),
      ...(rtt === undefined ? {} : { rttMs: rtt }),
      ...(current && { incarnation: current.options.incarnation }),
      ...(current && { heardAgoMs: this.#commons.now - current.patience.heardAt }),
    }
  }

  call(stream: Stream): void {
    this.#wait([stream])
    this.#place()
  }

  /** A call that waits here is not wanted any more. */
  withdraw(stream: Stream): void {
    this.#pending = this.#pending.filter((other) => other !== stream)
    this.#settle()
  }

  linkUp(): void {
    this.#refused.clear()
    if (this.halfOpen.isConnecting) this.halfOpen.retry()
    else this.#place()
    this.#settle()
  }

  linkDown(link: LinkId): void {
    this.#refused.delete(link)
    for (const session of this.sessions) session.path.linkDown(link)
    this.halfOpen.retry()
    this.#settle()
  }

  undeliverable(notice: UndeliverableNotice, link: LinkId): void {
    for (const session of this.sessions) session.undeliverable(notice, link)
    const { reason } = notice
    if (reason === 'congested' || reason === 'too-large') return
    if (this.#pending.length === 0) return
    this.#refused.add(link)
    if (this.#commons.links.best(this.#refused) !== undefined) {
      this.halfOpen.retry(this.#refused)
    } else {
      if (!this.#hasBusiness) this.halfOpen.stopConnecting()
      this.#failPending(reason)
    }
    this.#settle()
  }

  /** The peer, or somebody in its name, begins a handshake. */
  request(remoteIndex: number, packet: Uint8Array, link: LinkId): void {
    this.halfOpen.receive1(packet, remoteIndex, link)
    this.#settle()
  }

  /** Messages 2 and 3 for an index that is half open. */
  handshake(header: PacketHeader, packet: Uint8Array, link: LinkId): void {
    const { kind, index, number } = header
    if (kind === 'handshake2') this.halfOpen.receive2(packet, index, number, link)
    else if (kind === 'handshake3') this.halfOpen.receive3(packet, index, link)
    this.#settle()
  }

  /** Somebody says that the peer does not know the session of this index. A hint, no more. */
  noSession(index: number): void {
    const session = this.sessions.find(({ options }) => options.remoteIndex === index)
    if (session === undefined || this.#commons.now < this.#trustUntil) return
    if (session.hasBusiness || session.patience.isAsking) this.#connect()
    this.#settle()
  }

  heard(session: Session): void {
    if (session !== this.#current) return
    this.#connectAt = undefined
    if (this.#pending.length > 0) this.#place()
  }

  probed(session: Session, frame: DataFrame & { kind: 'session-probe' }): void {
    const alive = this.sessions.some(({ options }) => options.localIndex === frame.index)
    if (!alive) this.halfOpen.drop(frame.index)
    const { outgoing } = session.streams
    if (outgoing.urgentFrames > this.#commons.limits.maxStreams) return
    outgoing.urge({ frame: { kind: 'session-status', nonce: frame.nonce, alive } })
  }

  probeAnswered(_session: Session, frame: DataFrame & { kind: 'session-status' }): void {
    const asked = this.#probes.get(frame.nonce)
    this.#probes.delete(frame.nonce)
    if (asked === undefined || asked.isClosed) return
    if (frame.alive) this.#trustUntil = this.#commons.now + trustMs
    else this.#end(asked, 'gone')
  }

  saidGoodbye(session: Session): void {
    this.#end(session, 'gone')
  }

  failed(session: Session, reason: Error): void {
    this.#end(session, { code: 'invalid', cause: reason })
  }

  expired(session: Session): void {
    this.#end(session, { code: 'interrupted' })
  }

  /** Makes room for other sessions; only ever asked of an idle one. */
  evicted(session: Session): void {
    this.#end(session, { code: 'interrupted' })
  }

  /** Our handshake was answered by the peer itself. */
  answered(answered: Answered, localIndex: number, link: LinkId): void {
    if (!this.#commons.admitSession(this)) {
      this.#commons.freeIndex(localIndex)
      this.#failPending('busy')
      return
    }
    const { remoteIndex, incarnation } = answered
    const session = new Session(this.#commons, {
      owner: this,
      peer: this.id,
      isInitiator: true,
      localIndex,
      remoteIndex,
      incarnation,
      link,
    })
    this.#adopt(session)
    for (const stream of this.#takePending()) session.streams.call(stream)
    introduce(this.#commons, session, answered)
    this.#settle()
  }

  /** The peer's handshake is complete. */
  introduced(introduced: Introduced, responder: Responder, link: LinkId): void {
    const { localIndex, remoteIndex } = responder
    if (!this.#commons.mayTalk(this.id) || !this.#commons.admitSession(this)) {
      this.#commons.freeIndex(localIndex)
      this.#settle()
      return
    }
    const session = new Session(this.#commons, {
      owner: this,
      peer: this.id,
      isInitiator: false,
      localIndex,
      remoteIndex,
      incarnation: introduced.incarnation,
      link,
    })
    session.secure(introduced.keys)
    // A handshake of our own has nothing more to bring.
    this.halfOpen.stopConnecting()
    this.#adopt(session)
    for (const stream of this.#takePending()) session.streams.call(stream)
    session.receiveEarly(introduced.record)
    this.#settle()
  }

  /** Our handshake was not answered for too long. */
  unanswered(): void {
    this.#failPending('unreachable')
  }

  deadline(): number | undefined {
    const first = this.#pending[0]
    const times = [this.halfOpen.deadline(), this.#connectAt]
    if (first !== undefined && this.#commons.links.isEmpty) {
      times.push(first.waitsSince + this.#commons.limits.linkWaitMs)
    }
    const known = times.filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  tick(): void {
    const { links, limits, now } = this.#commons
    this.halfOpen.tick()
    if (this.#connectAt !== undefined && this.#connectAt <= now) {
      this.#connectAt = undefined
      if (this.#pending.length > 0) this.#connect()
    }
    if (links.isEmpty) {
      this.#failPending('unreachable', (stream) => stream.waitsSince + limits.linkWaitMs <= now)
    }
    this.#settle()
  }

  /** Ends everything with this peer. */
  close(code: ErrorCode): void {
    this.halfOpen.close()
    for (const session of this.sessions) this.#end(session, { code })
    this.#failPending(code)
    this.#settle()
  }

  get #hasBusiness(): boolean {
    return this.sessions.some((session) => session.hasBusiness)
  }

  /** Puts waiting calls into the session, once it is known to live, or begins a handshake. */
  #place(): void {
    const current = this.#current
    const { limits, now } = this.#commons
    if (this.#pending.length === 0) return
    if (current === undefined) {
      const until = this.halfOpen.answeringUntil
      if (until !== undefined && until > now) this.#connectAt = until
      else this.#connect()
    } else if (current.patience.isFresh) {
      for (const stream of this.#takePending()) current.streams.call(stream)
      this.#commons.touch(current)
      if (current.createdAt + limits.sessionUseMs <= now) this.#connect()
    } else if (!this.halfOpen.isConnecting) {
      current.ask()
      this.#connectAt ??= now + limits.freshMs
    }
    this.#settle()
  }

  #connect(): void {
    this.#connectAt = undefined
    if (!this.#isPassive) this.halfOpen.connect()
  }

  /** A verified handshake: its session takes the new calls. */
  #adopt(session: Session): void {
    const { incarnation } = session.options
    const before = this.#incarnation
    const restarted = before !== undefined && !equal(before, incarnation)
    const hadSession = this.#current !== undefined
    this.#incarnation = incarnation
    this.#connectAt = undefined
    this.#refused.clear()
    if (restarted) {
      for (const old of this.sessions) this.#end(old, 'restarted')
      this.#commons.calls.forgetCaller(this.id)
    } else {
      this.#replaceCurrent(session)
    }
    this.#current = session
    this.#commons.sessionOpened(session, this)
    const state = hadSession ? 'replaced' : 'established'
    this.#commons.emit({ kind: 'session', peer: this.id, state, incarnation, restarted })
  }

  #replaceCurrent(session: Session): void {
    const { limits, now } = this.#commons
    if (this.#current !== undefined) {
      this.#current.replacedAt = now
      this.#draining.push(this.#current)
      this.#commons.touch(this.#current)
      this.#current = undefined
    }
    while (this.#draining.length >= limits.maxSessionsPerPeer) {
      this.#end(this.#draining[0] as Session, { code: 'interrupted' })
    }
    // The peer lost the session, or it merely grew old: its own word decides where calls go on.
    for (const old of this.#draining) {
      if (!old.hasBusiness) continue
      const nonce = this.#nextProbe++
      this.#probes.set(nonce, old)
      const { remoteIndex } = old.options
      session.streams.outgoing.urge({ frame: { kind: 'session-probe', nonce, index: remoteIndex } })
    }
  }

  #end(session: Session, ending: Ending): void {
    if (session.isClosed) return
    const wasCurrent = session === this.#current
    if (wasCurrent) this.#current = undefined
    else this.#draining = this.#draining.filter((other) => other !== session)
    for (const [nonce, asked] of this.#probes) if (asked === session) this.#probes.delete(nonce)
    const { incarnation } = session.options
    this.#wait(endSession(this.#commons, session, ending))
    if (wasCurrent && ending !== 'restarted') {
      const state = 'closed' as const
      this.#commons.emit({ kind: 'session', peer: this.id, state, incarnation, restarted: false })
    }
    if (ending === 'gone') this.#place()
    this.#settle()
  }

  #wait(streams: readonly Stream[]): void {
    for (const stream of streams) {
      stream.waitsSince = this.#commons.now
      this.#pending.push(stream)
    }
  }

  #takePending(): Stream[] {
    const pending = this.#pending
    this.#pending = []
    this.#refused.clear()
    return pending
  }

  #failPending(code: ErrorCode, isMeant: (stream: Stream) => boolean = () => true): void {
    const failed = this.#pending.filter(isMeant)
    if (failed.length === 0) return
    this.#pending = this.#pending.filter((stream) => !isMeant(stream))
    this.#connectAt = undefined
    this.#refused.clear()
    for (const stream of failed) this.#commons.fail(stream, code)
  }

  #settle(): void {
    this.#commons.touchPeer(this)
  }
}
