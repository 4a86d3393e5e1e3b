import type { ErrorCode } from '../errors.js'
import { type AgentId, compareAgentIds } from '../identity/agent-id.js'
import type { Commons } from './commons.js'
import { introduce } from './departure.js'
import type { LinkId, PeerState, UndeliverableNotice } from './effects.js'
import type { Ending } from './ending.js'
import type { DataFrame } from './frames.js'
import { HalfOpen } from './half-open.js'
import type { Answered, Introduced, Responder } from './handshaking.js'
import type { PacketHeader } from './packet.js'
import { PeerSessions } from './peer-sessions.js'
import { Session } from './session.js'
import type { SessionOwner } from './session-owner.js'
import type { Stream } from './stream.js'
import type { Timed } from './timers.js'
import { WaitingCalls } from './waiting-calls.js'

/**
 * One remote agent: its sessions, handshakes under way, and calls that wait for a session. Only a
 * verified handshake replaces anything.
 */
export class Peer implements Timed, SessionOwner {
  readonly id: AgentId
  readonly halfOpen: HalfOpen
  heapAt = 0
  heapPosition = -1
  readonly #commons: Commons
  /** The end of calls to oneself that is called: it never begins a handshake. */
  readonly #isPassive: boolean
  readonly #sessions: PeerSessions
  readonly #waiting: WaitingCalls
  /** Links that said the peer is not there, while calls wait. */
  #refused: Set<LinkId> | undefined
  /** When a handshake begins unless the peer was heard of. */
  #connectAt: number | undefined

  constructor(commons: Commons, id: AgentId, isPassive = false) {
    this.id = id
    this.#commons = commons
    this.#isPassive = isPassive
    this.#sessions = new PeerSessions(commons, this)
    this.#waiting = new WaitingCalls(commons)
    this.halfOpen = new HalfOpen(commons, this, compareAgentIds(commons.keypair.id, id) > 0)
  }

  get isEmpty(): boolean {
    return this.sessions.length === 0 && this.#waiting.size === 0 && this.halfOpen.isEmpty
  }

  get sessions(): readonly Session[] {
    return this.#sessions.all
  }

  state(): PeerState {
    const { current, all } = this.#sessions
    const rtt = current?.congestion.roundTripMs
    const link = current?.path.linkId
    return {
      state: current ? 'established' : this.halfOpen.isConnecting ? 'connecting' : 'none',
      sessions: all.length,
      streams: all.reduce((sum, session) => sum + session.streams.size, this.#waiting.size),
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
    this.#waiting.remove(stream)
    this.#stopIdleAttempt()
    this.#settle()
  }

  linkUp(): void {
    this.#refused = undefined
    if (this.halfOpen.isConnecting) this.halfOpen.retry()
    else this.#place()
    this.#settle()
  }

  linkDown(link: LinkId): void {
    this.#refused?.delete(link)
    for (const session of this.sessions) session.linkDown(link)
    this.halfOpen.retry()
    this.#settle()
  }

  undeliverable(notice: UndeliverableNotice, link: LinkId): void {
    for (const session of this.sessions) session.undeliverable(notice, link)
    const { reason } = notice
    if (reason === 'congested' || reason === 'too-large' || this.#waiting.size === 0) return
    this.#refused ??= new Set()
    this.#refused.add(link)
    if (this.#commons.links.best(this.#refused) !== undefined) {
      this.halfOpen.retry(this.#refused)
    } else {
      this.#waiting.failAbsent(reason)
      this.#stopIdleAttempt()
      this.#refused = undefined
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
    if (this.#sessions.isDoubtful(index, this.#waiting.size > 0)) this.#connect()
    this.#settle()
  }

  heard(session: Session): void {
    if (session !== this.#sessions.current) return
    this.#connectAt = undefined
    if (this.#waiting.size > 0) this.#place()
  }

  probed(session: Session, frame: DataFrame & { kind: 'session-probe' }): void {
    this.#sessions.probed(session, frame)
  }

  probeAnswered(frame: DataFrame & { kind: 'session-status' }): void {
    const gone = this.#sessions.probeAnswered(frame)
    if (gone !== undefined) this.#end(gone, 'gone')
  }

  saidGoodbye(session: Session): void {
    this.#end(session, 'gone')
  }

  failed(session: Session, cause: Error): void {
    this.#end(session, { code: 'invalid', cause })
  }

  expired(session: Session): void {
    this.#end(session, { code: 'interrupted' })
  }

  evicted(session: Session): void {
    this.#end(session, { code: 'interrupted' })
  }

  /** Our handshake was answered by the peer itself. */
  answered(answered: Answered, localIndex: number, link: LinkId): void {
    if (!this.#commons.admitSession(this)) {
      this.#commons.indices.free(localIndex)
      this.#failWaiting('busy')
      return
    }
    const { remoteIndex, incarnation } = answered
    const indices = { localIndex, remoteIndex }
    const session = this.#adopt({ ...indices, incarnation, link, isInitiator: true })
    introduce(this.#commons, session, answered)
  }

  /** The peer's handshake is complete. */
  introduced(introduced: Introduced, responder: Responder, link: LinkId): void {
    const { localIndex, remoteIndex } = responder
    if (!this.#commons.mayTalk(this.id) || !this.#commons.admitSession(this)) {
      this.#commons.indices.free(localIndex)
      return
    }
    // A handshake of our own has nothing more to bring.
    this.halfOpen.stopConnecting()
    const { incarnation, keys, record } = introduced
    const indices = { localIndex, remoteIndex }
    const session = this.#adopt({ ...indices, incarnation, link, isInitiator: false })
    session.secure(keys)
    session.receiveEarly(record)
  }

  /** Our handshake was not answered for too long. */
  unanswered(): void {
    this.#failWaiting('unreachable')
  }

  deadline(): number | undefined {
    const times = [this.halfOpen.deadline(), this.#connectAt, this.#waiting.deadline()]
    const known = times.filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  tick(): void {
    const { now } = this.#commons
    this.halfOpen.tick()
    if (this.#connectAt !== undefined && this.#connectAt <= now) {
      this.#connectAt = undefined
      if (this.#waiting.size > 0) this.#connect()
    }
    this.#waiting.tick()
    this.#stopIdleAttempt()
    this.#settle()
  }

  /** Ends everything with this peer. */
  close(code: ErrorCode): void {
    this.halfOpen.close()
    for (const session of this.sessions) this.#end(session, { code })
    this.#failWaiting(code)
    this.#settle()
  }

  /** Puts waiting calls into the session, once it is known to live, or begins a handshake. */
  #place(): void {
    const { current } = this.#sessions
    const { limits, now } = this.#commons
    if (this.#waiting.size === 0) return
    if (current === undefined) {
      const until = this.halfOpen.answeringUntil
      if (until !== undefined && until > now) this.#connectAt = until
      else this.#connect()
    } else if (current.patience.isFresh) {
      this.#fill(current)
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

  #adopt(options: Omit<Session['options'], 'owner' | 'peer'>): Session {
    const session = new Session(this.#commons, { owner: this, peer: this.id, ...options })
    this.#connectAt = undefined
    this.#wait(this.#sessions.adopt(session))
    this.#fill(session)
    return session
  }

  /** All that waits goes into this session. */
  #fill(session: Session): void {
    this.#refused = undefined
    for (const stream of this.#waiting.takeAll()) session.streams.call(stream)
    this.#commons.touch(session)
  }

  #end(session: Session, ending: Ending): void {
    this.#wait(this.#sessions.end(session, ending))
    if (ending === 'gone') this.#place()
    this.#settle()
  }

  #wait(streams: readonly Stream[]): void {
    this.#waiting.add(streams, this.#sessions.current)
  }

  #failWaiting(code: ErrorCode): void {
    this.#waiting.fail(code)
    this.#stopIdleAttempt()
  }

  /** A handshake that nobody waits for, and no session needs, is not worth going on with. */
  #stopIdleAttempt(): void {
    if (this.#waiting.size > 0) return
    this.#connectAt = undefined
    this.#refused = undefined
    if (!this.#sessions.hasBusiness) this.halfOpen.stopConnecting()
  }

  #settle(): void {
    this.#commons.touchPeer(this)
  }
}
