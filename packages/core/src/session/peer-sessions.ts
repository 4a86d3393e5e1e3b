import { equal } from '../bytes.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Commons } from './commons.js'
import { type Ending, endSession } from './ending.js'
import type { DataFrame } from './frames.js'
import type { Peer } from './peer.js'
import type { Session } from './session.js'
import type { Stream } from './stream.js'

/** A session that the peer said it still holds is not doubted again for so long. */
const trustMs = 10_000

/** The sessions with one peer: the current one, which takes new calls, and those that drain. */
export class PeerSessions {
  readonly #commons: Commons
  readonly #peer: Peer
  readonly #id: AgentId
  #current: Session | undefined
  #draining: Session[] = []
  #incarnation: Uint8Array | undefined
  #trustUntil = Number.NEGATIVE_INFINITY
  /** Sessions that the peer was asked about, by the nonce of the question. */
  #probes: Map<number, Session> | undefined
  #nextProbe = 1

  constructor(commons: Commons, peer: Peer) {
    this.#commons = commons
    this.#peer = peer
    this.#id = peer.id
  }

  get current(): Session | undefined {
    return this.#current
  }

  get all(): readonly Session[] {
    return this.#current === undefined ? this.#draining : [this.#current, ...this.#draining]
  }

  get hasBusiness(): boolean {
    return this.all.some((session) => session.hasBusiness)
  }

  /** Whether a hint that the peer forgot the session of this (its own) index is worth a question. */
  isDoubtful(index: number, hasWaiting: boolean): boolean {
    if (this.#commons.now < this.#trustUntil) return false
    const session = this.all.find(({ options }) => options.remoteIndex === index)
    if (session === undefined) return false
    // What else is unacknowledged (that a call is not wanted, a question) is moot without calls;
    // asking for its sake would go on for ever.
    return session.hasCalls || (hasWaiting && session === this.#current)
  }

  /** A verified handshake: its session takes the new calls. Gives the calls that go over to it. */
  adopt(session: Session): Stream[] {
    const { incarnation } = session.options
    const before = this.#incarnation
    const restarted = before !== undefined && !equal(before, incarnation)
    const state = this.#current === undefined ? 'established' : 'replaced'
    this.#incarnation = incarnation
    const resumed: Stream[] = []
    if (restarted) {
      for (const old of this.all) resumed.push(...this.end(old, 'restarted'))
      this.#commons.calls.forgetCaller(this.#id)
    } else {
      resumed.push(...this.#replaceCurrent(session))
    }
    this.#current = session
    this.#commons.sessionOpened(session, this.#peer)
    this.#commons.emit({ kind: 'session', peer: this.#id, state, incarnation, restarted })
    return resumed
  }

  /** Gives the calls that go on in another session. */
  end(session: Session, ending: Ending): Stream[] {
    if (session.isClosed) return []
    const wasCurrent = session === this.#current
    if (wasCurrent) this.#current = undefined
    else this.#draining = this.#draining.filter((other) => other !== session)
    for (const [nonce, asked] of this.#probes ?? []) {
      if (asked === session) this.#forgetProbe(nonce)
    }
    const { incarnation } = session.options
    const resumed = endSession(this.#commons, session, ending)
    if (wasCurrent && ending !== 'restarted') {
      const news = { peer: this.#id, incarnation, restarted: false }
      this.#commons.emit({ kind: 'session', state: 'closed', ...news })
    }
    return resumed
  }

  /** "Do you still hold the session that you gave this index?" */
  probed(session: Session, frame: DataFrame & { kind: 'session-probe' }): void {
    const alive = this.all.some(({ options }) => options.localIndex === frame.index)
    // One that is only half open is not to come to life after this answer.
    if (!alive) this.#peer.halfOpen.drop(frame.index)
    const { outgoing } = session.streams
    if (outgoing.urgentFrames > this.#commons.limits.maxStreams) return
    outgoing.urge({ frame: { kind: 'session-status', nonce: frame.nonce, alive } })
  }

  /** Gives the session that the peer says it does not have any more. */
  probeAnswered(frame: DataFrame & { kind: 'session-status' }): Session | undefined {
    const asked = this.#probes?.get(frame.nonce)
    this.#forgetProbe(frame.nonce)
    if (asked === undefined || asked.isClosed) return undefined
    if (!frame.alive) return asked
    this.#trustUntil = this.#commons.now + trustMs
    return undefined
  }

  #forgetProbe(nonce: number): void {
    this.#probes?.delete(nonce)
    if (this.#probes?.size === 0) this.#probes = undefined
  }

  #replaceCurrent(session: Session): Stream[] {
    const { limits, now } = this.#commons
    const old = this.#current
    const unsent: Stream[] = []
    if (old !== undefined) {
      old.replacedAt = now
      this.#draining.push(old)
      this.#current = undefined
      // The replaced session opens no new stream.
      for (const stream of old.streams.table.all()) {
        if (stream.role !== 'caller' || stream.wasSent || stream.isClosed) continue
        old.streams.detach(stream)
        unsent.push(restartUnsent(stream))
      }
      this.#commons.touch(old)
    }
    while (this.#draining.length >= limits.maxSessionsPerPeer) {
      this.end(this.#draining[0] as Session, { code: 'interrupted' })
    }
    // The peer lost the session, or it merely grew old: its own word decides where calls go on.
    for (const doubted of this.#draining) {
      if (!doubted.hasCalls) continue
      const nonce = this.#nextProbe++
      this.#probes ??= new Map()
      this.#probes.set(nonce, doubted)
      const index = doubted.options.remoteIndex
      session.streams.outgoing.urge({ frame: { kind: 'session-probe', nonce, index } })
    }
    return unsent
  }
}

/** Nothing of it was sealed, so it only has to be offered anew. */
function restartUnsent(stream: Stream): Stream {
  stream.sending.restart([])
  stream.isEndOffered = false
  return stream
}
