import type { ClientLogin, RelayTerms } from '@agent-mesh/core'
import { limits } from '../limits.js'

/** What a connection's clock asks for. */
export type Due = 'ping' | 'suspect' | 'dead' | undefined

/**
 * The life signs of one socket to a relay; pure. A dead TCP connection says nothing for minutes, so
 * silence is what is judged: quiet → ping → suspect (another is dialled beside it) → dead.
 */
export class Connection {
  readonly id: string
  readonly url: string
  /** dialling → (challenge) login → (welcome) live. */
  state: 'dialling' | 'login' | 'live' = 'dialling'
  /** The session was told of it. */
  carries = false
  /** Set once the relay spoke first. */
  login: ClientLogin | undefined
  /** It logged in with an admission that no login was made with before. */
  freshAdmission = false
  maxPacket = 0
  epoch: number | undefined
  rttMs: number | undefined
  /** The relay announced its end: it stays in use until something better is live. */
  draining = false
  suspect = false

  #heartbeatMs: number = limits.heartbeatMs
  #phaseSince: number
  #heardAt: number
  #awaitingSince: number | undefined
  #pingAt: number | undefined
  /** Of the newest ping, for the round trip; any frame settles `#pingAt`, only a pong this one. */
  #pingSentAt: number | undefined
  #pingToken = 0n
  #throttledUntil = 0

  constructor(id: string, url: string, now: number) {
    this.id = id
    this.url = url
    this.#phaseSince = now
    this.#heardAt = now
  }

  /** The challenge came and the login goes out. */
  challenged({ maxPacket, heartbeatMs }: RelayTerms, now: number): void {
    this.state = 'login'
    this.#phaseSince = now
    this.maxPacket = maxPacket
    const { heartbeatShortestMs, heartbeatLongestMs } = limits
    this.#heartbeatMs = Math.min(Math.max(heartbeatMs, heartbeatShortestMs), heartbeatLongestMs)
  }

  welcomed(epoch: number, now: number): void {
    this.state = 'live'
    this.#phaseSince = now
    this.epoch = epoch
  }

  /** Whether its loss says nothing about the next attempt. */
  wasStable(now: number): boolean {
    return this.state === 'live' && now - this.#phaseSince >= limits.stableAfterMs
  }

  heard(now: number): void {
    this.#heardAt = now
    this.#awaitingSince = undefined
    this.#pingAt = undefined
    this.suspect = false
  }

  sent(now: number): void {
    this.#awaitingSince ??= now
  }

  /** The relay reads nothing of ours for so long: silence means nothing until then. */
  throttled(ms: number, now: number): void {
    this.#throttledUntil = now + Math.min(ms, limits.relayWaitLongestMs)
  }

  /** The number of the ping that goes out now. */
  ping(now: number): bigint {
    this.#pingAt ??= now
    this.#pingSentAt = now
    this.#pingToken += 1n
    return this.#pingToken
  }

  /** True when it answers the newest ping: an older one may have waited anywhere. */
  pong(token: bigint, now: number): boolean {
    if (token !== this.#pingToken || this.#pingSentAt === undefined) return false
    this.rttMs = now - this.#pingSentAt
    this.#pingSentAt = undefined
    return true
  }

  /** Asks for a sign of life at once, whatever was heard before. */
  doubt(now: number): void {
    if (this.state === 'live' && this.#pingAt === undefined)
      this.#awaitingSince = now - limits.quietAfterSendMs
  }

  due(now: number): Due {
    if (this.#deadAt() <= now) return 'dead'
    if (this.state !== 'live') return undefined
    if (this.#pingAt === undefined) return this.#quietAt() <= now ? 'ping' : undefined
    return !this.suspect && this.#suspectAt() <= now ? 'suspect' : undefined
  }

  deadline(): number {
    if (this.state !== 'live') return this.#deadAt()
    if (this.#pingAt === undefined) return this.#quietAt()
    return this.suspect ? this.#deadAt() : Math.min(this.#suspectAt(), this.#deadAt())
  }

  #quietAt(): number {
    const idle = this.#heardAt + this.#heartbeatMs
    if (this.#awaitingSince === undefined) return idle
    return Math.min(
      idle,
      Math.max(this.#awaitingSince + limits.quietAfterSendMs, this.#throttledUntil),
    )
  }

  #suspectAt(): number {
    return Math.max(this.#pingAt ?? 0, this.#throttledUntil) + limits.suspectAfterMs
  }

  #deadAt(): number {
    if (this.state === 'dialling') return this.#phaseSince + limits.dialTimeoutMs
    if (this.state === 'login') return this.#phaseSince + limits.loginTimeoutMs
    if (this.#pingAt === undefined) return Number.POSITIVE_INFINITY
    return Math.max(this.#pingAt, this.#throttledUntil) + limits.deadAfterMs
  }
}
