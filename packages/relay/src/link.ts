import {
  type AgentId,
  decodeClientFrame,
  encodeFrame,
  frameType,
  isMeshError,
  type ProvenLogin,
  type RefusalCode,
  routingPrefixBytes,
  type UndeliverableReason,
} from '@agent-mesh/core'
import type { Account } from './account.js'
import type { ConnectionHost } from './connection.js'
import type { LinkEnd } from './events.js'
import { Liveness } from './liveness.js'
import type { Reach } from './reach.js'
import type { Route } from './router.js'
import { routingKeyIn, routingKeyOf } from './routing-key.js'
import type { SendQueue } from './send-queue.js'
import { Throttle } from './throttle.js'
import { Undeliverable } from './undeliverable.js'

/** What a link needs of its connection. */
export interface Outlet {
  pause(): void
  resume(): void
  /** Ends the connection, politely where a frame says why, else at once. */
  end(end: LinkEnd, farewell?: Farewell): void
}

export interface Farewell {
  /** Last words, behind everything that is queued. */
  frame?: Uint8Array
  /** Text of the WebSocket close. */
  reason: string
  /** For our own log. */
  detail?: string
}

export interface LinkOptions {
  host: ConnectionHost
  outlet: Outlet
  queue: SendQueue
  login: ProvenLogin
  /** Ms since 1970. */
  notAfter: number
}

/** An admitted agent on its connection: its packets, its limits, its end. */
export class Link implements Route {
  readonly agent: AgentId
  readonly bytes: Uint8Array
  readonly key: string
  readonly account: Account
  readonly reach: Reach
  readonly queue: SendQueue
  readonly #instance: string
  readonly #host: ConnectionHost
  readonly #outlet: Outlet
  readonly #throttle: Throttle
  readonly #liveness: Liveness
  /** `send` frames so far; both ends number them from 0. */
  #sends = 0
  #undeliverable: Undeliverable | undefined
  #admittedUntil: number
  #progress = 0
  #progressAt: number

  constructor(options: LinkOptions) {
    const { host, outlet, queue, login } = options
    const { clock, tick, limits } = host
    this.agent = login.agent
    this.bytes = login.agentBytes
    this.key = routingKeyOf(login.agentBytes)
    this.#instance = routingKeyOf(login.instance)
    this.queue = queue
    this.account = host.account(this.key)
    this.reach = host.reach(login.agent)
    this.#host = host
    this.#outlet = outlet
    this.#admittedUntil = this.#monotonic(options.notAfter)
    this.#progressAt = clock.now()
    this.#liveness = new Liveness(limits.heartbeatMs, clock.now())
    this.#throttle = new Throttle({
      rate: this.account.rate,
      clock,
      tick,
      pause: () => outlet.pause(),
      resume: () => outlet.resume(),
      after: host.after,
      announce: (ms) => this.#tellThrottled(ms),
    })
  }

  /** One frame after the login. Its bytes belong to the link from here on. */
  receive(frame: Buffer): void {
    this.heard()
    if (frame[0] === frameType.send) this.#receiveSend(frame)
    else this.#receiveOther(frame)
  }

  /** A sign of life; those below our own frames count against the rate like any other. */
  heard(): void {
    this.#liveness.heard()
    this.#throttle.count()
  }

  /** Lets the agent in: its welcome, and the end of the connection it had before. */
  enter(): void {
    const older = this.#host.router.add(this)
    const epoch = this.#host.nextEpoch()
    const serverTimeMs = Math.floor(this.#host.clock.wall())
    this.#host.events.loginAccepted(this.agent, epoch)
    this.tell(encodeFrame({ kind: 'welcome', epoch, serverTimeMs }))
    if (older) older.#makeWayFor(this)
  }

  revoke(): void {
    this.#dismiss('revoked', 'revoked')
  }

  /** The relay's own words; a client that has no room even for them is cut off. */
  tell(frame: Uint8Array): void {
    if (!this.queue.pushControl(frame, this.account)) this.#outlet.end('notice-lost')
  }

  /** Looks at every deadline of this link. */
  sweep(now: number): void {
    // Whom we do not read cannot be heard.
    if (this.#throttle.isPaused) this.#liveness.heard()
    if (now >= this.#admittedUntil) this.#dismiss('login-refused', 'expired')
    else if (this.#isStalled(now)) this.#outlet.end('stalled')
    else this.#beat(now)
  }

  /** The connection is ending: nobody finds the agent here any more. */
  leave(end: LinkEnd, detail: string): void {
    this.#throttle.stop()
    this.#host.router.remove(this)
    this.account.links -= 1
    this.#host.events.linkEnded(this.agent, end, detail)
  }

  /** What came is nothing of ours: it costs this connection and no other. */
  violated(detail: string): void {
    const frame = encodeFrame({ kind: 'refused', code: 'invalid', retryAfterMs: 0 })
    this.#outlet.end('protocol', { frame, reason: 'invalid', detail })
  }

  #makeWayFor(newer: Link): void {
    if (newer.#instance === this.#instance) {
      this.#outlet.end('renewed-elsewhere', { reason: '' })
    } else {
      const frame = encodeFrame({ kind: 'replaced' })
      this.#outlet.end('replaced', { frame, reason: 'replaced' })
    }
  }

  #receiveSend(frame: Buffer): void {
    if (frame.length < routingPrefixBytes) {
      this.violated('send: to is cut short')
      return
    }
    const number = this.#sends
    this.#sends += 1
    const to = routingKeyIn(frame)
    const length = frame.length - routingPrefixBytes
    const isTooLarge = length > this.#host.limits.maxPacketBytes
    const reason = isTooLarge ? 'too-large' : this.#host.router.forward(this, to, frame)
    if (reason) this.#refusePacket(to, reason, number)
    else this.#host.events.packetForwarded(length)
  }

  #refusePacket(to: string, reason: UndeliverableReason, number: number): void {
    this.#host.events.packetUndeliverable(reason)
    this.#undeliverable ??= new Undeliverable(this.#host.limits)
    if (this.#undeliverable.isEmpty) this.#host.tick.beforeFlush(() => this.#tellUndeliverable())
    this.#undeliverable.add(to, reason, number)
  }

  #tellUndeliverable(): void {
    // A loss that cannot be told ends the link (see `tell`): the session finds out by itself then.
    for (const notice of this.#undeliverable?.take() ?? []) this.tell(notice)
  }

  #receiveOther(bytes: Buffer): void {
    try {
      const frame = decodeClientFrame(bytes)
      if (frame.kind === 'ping') this.tell(encodeFrame({ kind: 'pong', token: frame.token }))
      else if (frame.kind === 'renew') this.#renew(frame.admission.slice())
      else if (frame.kind !== 'pong') this.violated(`${frame.kind} on a live link`)
    } catch (error) {
      if (!isMeshError(error)) throw error
      this.violated(error.message)
    }
  }

  #renew(admission: Uint8Array): void {
    const verdict = this.#host.admit(this.agent, admission)
    if (verdict.ok) {
      this.#admittedUntil = this.#monotonic(verdict.notAfter)
      this.#host.events.admissionRenewed(this.agent)
    } else {
      this.#dismiss(verdict.code, verdict.code === 'revoked' ? 'revoked' : 'expired')
    }
  }

  #tellThrottled(ms: number): void {
    this.#host.events.throttled(this.agent, ms)
    this.tell(encodeFrame({ kind: 'throttled', ms }))
  }

  #beat(now: number): void {
    const state = this.#liveness.check(now)
    if (state === 'dead') this.#outlet.end('dead')
    if (state === 'ask') this.tell(encodeFrame({ kind: 'ping', token: BigInt(Math.ceil(now)) }))
  }

  /** A receiver that takes nothing of what waits for it, however often it says that it lives. */
  #isStalled(now: number): boolean {
    if (this.queue.bytes === 0 || this.queue.progress !== this.#progress) {
      this.#progress = this.queue.progress
      this.#progressAt = now
    }
    return now - this.#progressAt >= this.#host.limits.stallMs
  }

  /** Ends the link with a reason that the client can act upon. */
  #dismiss(code: RefusalCode, end: LinkEnd): void {
    const frame = encodeFrame({ kind: 'refused', code, retryAfterMs: 0 })
    this.#outlet.end(end, { frame, reason: code })
  }

  /** Timers are monotonic: a wall clock that jumps neither ends nor prolongs a link. */
  #monotonic(wall: number): number {
    return this.#host.clock.now() + (wall - this.#host.clock.wall())
  }
}
