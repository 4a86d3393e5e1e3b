import {
  asMeshError,
  ClientLogin,
  type Crypto,
  decodeRelayFrame,
  type ErrorCode,
  encodeFrame,
  errorSentence,
  type Keypair,
  MeshError,
  type RefusalCode,
  type RelayFrame,
} from '@agent-mesh/core'
import { limits } from '../limits.js'
import { AdmissionKeeper } from './admission-keeper.js'
import { Backoff } from './backoff.js'
import { Connection } from './connection.js'
import type {
  ConnectionId,
  LinkEffect,
  LinkEnd,
  LinkProblem,
  LinkState,
  RelayLinkStatus,
} from './effects.js'
import { RelayList } from './relay-list.js'

export interface RelayLinkOptions {
  readonly keypair: Keypair
  readonly crypto: Crypto
  /** 16 bytes, one per process: the relay lets the newest instance win. */
  readonly instance: Uint8Array
  /** The relay to begin with; allowed to be dialled. */
  readonly url: string
  /** In [0, 1). */
  readonly random: () => number
}

/** Codes with which a registry ends the matter; everything else is worth another try. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  'login-refused',
  'revoked',
  'unknown-agent',
  'not-found',
  'denied',
  'config',
])

/**
 * The link to a relay; pure. One connection carries the packets; a second is dialled beside it when
 * the first falls silent or says that it is draining.
 *
 *   fetch admission → dial → challenge → login, first packets → welcome → live
 *                       ↑                                                  │
 *                       └────── waiting (0.25 s … 15 s) ←───── lost ───────┘
 *
 * `replaced`, `revoked` and a refused login end it for good: reconnecting would fight another
 * process of the same agent, or ask the same question again.
 */
export class RelayLink {
  readonly #options: RelayLinkOptions
  readonly #backoff: Backoff
  readonly #admission: AdmissionKeeper
  readonly #relays: RelayList
  /** Carries the packets: logged in, perhaps not yet welcomed. */
  #current: Connection | undefined
  /** On its way to become the current one. */
  #next: Connection | undefined
  #effects: LinkEffect[] = []
  #serial = 0
  #retryAt: number | undefined
  #redialAt: number | undefined
  #started = false
  #end: LinkEnd | undefined
  #problem: LinkProblem | undefined
  #state: LinkState = 'connecting'

  constructor(options: RelayLinkOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.random)
    this.#admission = new AdmissionKeeper(options.random)
    this.#relays = new RelayList(options.url)
  }

  get status(): RelayLinkStatus {
    const shown = this.#current ?? this.#next
    return {
      state: this.#state,
      relay: shown?.url ?? this.#relays.current,
      rttMs: this.#current?.rttMs,
      epoch: this.#current?.epoch,
      attempts: this.#backoff.failures,
      end: this.#end,
      problem: this.#state === 'live' ? undefined : this.#problem,
    }
  }

  start(now: number): void {
    if (this.#started || this.#end !== undefined) return
    this.#started = true
    this.#connect(now)
    this.#settle()
  }

  /** The registry's relays, the preferred one first, all allowed to be dialled. */
  relays(urls: readonly string[]): void {
    this.#relays.replace(urls)
  }

  /** Ends the link for good. */
  stop(end: LinkEnd, problem?: LinkProblem): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#problem = problem
    for (const connection of [this.#next, this.#current]) {
      if (connection !== undefined) this.#drop(connection, false)
    }
    this.#settle()
  }

  /** The answer to `fetch-admission`. `lifeMs`: how long it is good for, by the registry's clock. */
  admission(document: Uint8Array, lifeMs: number, now: number): void {
    if (this.#end !== undefined) return
    this.#admission.arrived(document, lifeMs, now)
    if (this.#current?.state === 'live') {
      // When this link is lost the document is old, by an unknown time if the machine slept.
      this.#admission.use()
      this.#write(this.#current, encodeFrame({ kind: 'renew', admission: document }))
    } else if (!this.#underWay() && this.#retryAt === undefined) {
      this.#connect(now)
    }
    this.#settle()
  }

  admissionFailed(error: unknown, now: number): void {
    if (this.#end !== undefined) return
    const { code, message } = asMeshError(error)
    if (finalCodes.has(code)) {
      this.stop(code === 'revoked' ? 'revoked' : 'refused', { code, message })
      return
    }
    this.#problem = { code, message }
    this.#admission.failed(now)
    this.#settle()
  }

  received(id: ConnectionId, bytes: Uint8Array | string, now: number): void {
    const connection = this.#connection(id)
    if (connection === undefined) return
    connection.heard(now)
    try {
      if (typeof bytes === 'string') throw new MeshError('invalid', 'a text frame from the relay')
      this.#frame(connection, decodeRelayFrame(bytes), now)
    } catch (error) {
      this.#problem = { code: 'unreachable', message: asMeshError(error).message }
      this.#lose(connection, now, false)
    }
    this.#settle()
  }

  /** The socket ended by itself; `detail` is for people. */
  closed(id: ConnectionId, detail: string, now: number): void {
    const connection = this.#connection(id)
    if (connection === undefined) return
    const why = detail === '' ? '' : ` (${detail})`
    const message = `no relay answers at ${connection.url}${why}`
    this.#problem = { code: 'unreachable', message }
    this.#lose(connection, now, undefined)
    this.#settle()
  }

  /** The session's packets went out: an answer of some kind is due. */
  sent(id: ConnectionId, now: number): void {
    this.#connection(id)?.sent(now)
  }

  /** The network or the clock jumped: do not wait for the heartbeat to notice. */
  verify(now: number): void {
    if (this.#end !== undefined) return
    this.#current?.doubt(now)
    if (this.#retryAt !== undefined) this.#retryAt = now
    if (this.#current === undefined) this.#admission.hasten(now)
    this.tick(now)
  }

  deadline(): number | undefined {
    if (this.#end !== undefined || !this.#started) return undefined
    const due = [
      this.#retryAt,
      this.#redialAt,
      this.#admission.deadline(),
      this.#current?.deadline(),
      this.#next?.deadline(),
    ].filter((at) => at !== undefined)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  tick(now: number): void {
    if (this.#end !== undefined) return
    for (const connection of [this.#current, this.#next]) {
      if (connection !== undefined) this.#check(connection, now)
    }
    if ((this.#admission.deadline() ?? now + 1) <= now) this.#fetch()
    if (this.#redialAt !== undefined && this.#redialAt <= now) this.#dialBeside(now)
    if (this.#retryAt !== undefined && this.#retryAt <= now) {
      this.#retryAt = undefined
      this.#connect(now)
    }
    this.#settle()
  }

  drain(): LinkEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #frame(connection: Connection, frame: RelayFrame, now: number): void {
    switch (frame.kind) {
      case 'packet':
      case 'undeliverable':
        this.#effects.push({ ...frame, connection: connection.id })
        return
      case 'ping':
        this.#write(connection, encodeFrame({ kind: 'pong', token: frame.token }))
        return
      case 'pong':
        if (connection.pong(frame.token, now)) this.#effects.push({ kind: 'status' })
        return
      case 'throttled':
        connection.throttled(frame.ms, now)
        return
      case 'draining':
        this.#draining(connection, frame.ms, frame.relays, now)
        return
      case 'replaced': {
        const message = 'another process took over this agent'
        this.stop('replaced', { code: 'login-refused', message })
        return
      }
      case 'refused':
        this.#refused(connection, frame.code, frame.retryAfterMs, now)
        return
      default:
        this.#login(connection, frame, now)
    }
  }

  #login(connection: Connection, frame: RelayFrame, now: number): void {
    connection.login ??= this.#newLogin(connection, now)
    const step = connection.login.receive(frame)
    if (step.kind === 'answer') {
      connection.challenged(step.terms, now)
      this.#write(connection, step.frame)
      // First packets ride behind the login; beside a working link nothing has to hurry.
      if (this.#current === undefined) this.#promote(connection)
    } else if (step.kind === 'accepted') {
      connection.welcomed(step.epoch, now)
      this.#problem = undefined
      this.#ping(connection, now)
      if (connection === this.#current) return
      const former = this.#current
      this.#promote(connection)
      if (former !== undefined) this.#drop(former, false)
    }
  }

  #newLogin(connection: Connection, now: number): ClientLogin {
    const { keypair, crypto, instance } = this.#options
    const admission = this.#admission.usable(now)
    if (admission === undefined) throw new MeshError('login-refused', 'the admission ran out')
    connection.freshAdmission = this.#admission.use()
    return new ClientLogin({ keypair, crypto, instance, admission, url: connection.url })
  }

  #refused(connection: Connection, code: RefusalCode, retryAfterMs: number, now: number): void {
    const message = `${connection.url} refused the login: ${errorSentence(code)}`
    const outdated = connection.state === 'live' || !connection.freshAdmission
    if (code === 'login-refused' && outdated) {
      // The document ran out, or is older than our groups: ask again, once, with a new one.
      this.#admission.drop()
    } else if (code !== 'registry-unreachable' && code !== 'busy') {
      const shown = code === 'invalid' ? 'login-refused' : code
      this.stop(code === 'revoked' ? 'revoked' : 'refused', { code: shown, message })
      return
    }
    this.#problem = { code, message }
    this.#lose(connection, now, false)
    if (this.#retryAt === undefined) return
    const waitMs = Math.min(retryAfterMs, limits.relayWaitLongestMs)
    this.#retryAt = Math.max(this.#retryAt, now + waitMs)
  }

  #draining(connection: Connection, ms: number, relays: readonly string[], now: number): void {
    connection.draining = true
    this.#relays.prefer(relays)
    // Spread over the first half of the time, so that the other half is left for a second attempt.
    if (connection === this.#current) this.#redialAt = now + (this.#options.random() * ms) / 2
  }

  #check(connection: Connection, now: number): void {
    const due = connection.due(now)
    if (due === 'ping') {
      this.#ping(connection, now)
    } else if (due === 'suspect') {
      connection.suspect = true
      this.#dialBeside(now)
    } else if (due === 'dead') {
      this.#problem = { code: 'unreachable', message: `${connection.url} does not answer` }
      this.#lose(connection, now, true)
    }
  }

  #connect(now: number): void {
    if (this.#admission.usable(now) === undefined) this.#fetch()
    else this.#dial(now)
  }

  #dialBeside(now: number): void {
    this.#redialAt = undefined
    if (this.#next === undefined && this.#admission.usable(now) !== undefined) this.#dial(now)
  }

  #dial(now: number): void {
    this.#retryAt = undefined
    const url = this.#relays.current
    this.#serial += 1
    this.#next = new Connection(String(this.#serial), url, now)
    this.#effects.push({ kind: 'dial', connection: this.#next.id, url })
  }

  #fetch(): void {
    if (this.#admission.request()) this.#effects.push({ kind: 'fetch-admission' })
  }

  #ping(connection: Connection, now: number): void {
    this.#write(connection, encodeFrame({ kind: 'ping', token: connection.ping(now) }))
  }

  #promote(connection: Connection): void {
    if (this.#next === connection) this.#next = undefined
    this.#current = connection
    connection.carries = true
    const { id, maxPacket } = connection
    this.#effects.push({ kind: 'up', connection: id, maxPacket })
  }

  /** A connection is gone without our wish; `abruptly` is undefined when the socket is, too. */
  #lose(connection: Connection, now: number, abruptly: boolean | undefined): void {
    if (connection.wasStable(now)) this.#backoff.reset()
    this.#drop(connection, abruptly)
    if (this.#end !== undefined) return
    if (this.#underWay()) {
      const { suspect, draining } = this.#current ?? {}
      if (suspect || draining) this.#redialAt = now + this.#backoff.next()
      return
    }
    if (connection.state !== 'live') this.#relays.next()
    this.#redialAt = undefined
    this.#retryAt = now + this.#backoff.next()
  }

  #drop(connection: Connection, abruptly: boolean | undefined): void {
    if (this.#next === connection) this.#next = undefined
    if (this.#current === connection) this.#current = undefined
    if (connection.carries) this.#effects.push({ kind: 'down', connection: connection.id })
    if (abruptly !== undefined) {
      this.#effects.push({ kind: 'hang-up', connection: connection.id, abruptly })
    }
  }

  #write(connection: Connection, frame: Uint8Array): void {
    this.#effects.push({ kind: 'write', connection: connection.id, frame })
  }

  #connection(id: ConnectionId): Connection | undefined {
    if (this.#current?.id === id) return this.#current
    return this.#next?.id === id ? this.#next : undefined
  }

  #underWay(): boolean {
    return this.#current !== undefined || this.#next !== undefined
  }

  /** Says so when the state is another one than last time. */
  #settle(): void {
    const state = this.#stateNow()
    if (state === this.#state) return
    this.#state = state
    this.#effects.push({ kind: 'status' })
  }

  #stateNow(): LinkState {
    if (this.#end !== undefined) return 'stopped'
    if (this.#current?.state === 'live') return this.#current.draining ? 'draining' : 'live'
    if (this.#underWay() || this.#admission.fetching) return 'connecting'
    return this.#retryAt === undefined && this.#admission.deadline() === undefined
      ? 'connecting'
      : 'waiting'
  }
}
