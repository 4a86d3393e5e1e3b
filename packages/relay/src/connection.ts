import {
  type AgentId,
  type Clock,
  encodeFrame,
  type RefusalCode,
  type RelayLogin,
} from '@agent-mesh/core'
import type { Account } from './account.js'
import type { LinkEnd, RelayEvents } from './events.js'
import type { GateVerdict } from './gate.js'
import type { RelayLimits } from './limits.js'
import { type Farewell, Link, type Outlet } from './link.js'
import type { Reach } from './reach.js'
import type { Router } from './router.js'
import type { QueueWire, SendQueue } from './send-queue.js'
import type { Tick } from './tick.js'

/** What a connection needs of its socket. */
export interface Wire extends QueueWire {
  pause(): void
  resume(): void
  /** Says goodbye behind everything that was written. */
  close(code: number, reason: string): void
  terminate(): void
}

/** What a connection needs of its relay. */
export interface ConnectionHost {
  readonly clock: Clock
  readonly limits: RelayLimits
  readonly events: RelayEvents
  readonly tick: Tick
  readonly router: Router<Link>
  /** Asks the gate; never throws. */
  admit(agent: AgentId, admission: Uint8Array): GateVerdict
  /** The agent's account, for one more link. */
  account(key: string): Account
  reach(agent: AgentId): Reach
  nextEpoch(): number
  /** Runs `task` once after `ms`; answers the way to call it off. */
  after(ms: number, task: () => void): () => void
  /** The login of this connection came to its end. */
  loginEnded(connection: Connection, isProven: boolean): void
}

export interface ConnectionOptions {
  host: ConnectionHost
  wire: Wire
  queue: SendQueue
  login: RelayLogin
  address: string
  /** Where a connection that has not logged in charges what little it is told. */
  stranger: Account
}

const closeCode = { normal: 1000, goingAway: 1001, policy: 1008, tryLater: 1013 } as const

/** One socket: challenge → live → closing. What it does while live is its `Link`. */
export class Connection implements Outlet {
  readonly address: string
  readonly #host: ConnectionHost
  readonly #wire: Wire
  readonly #queue: SendQueue
  readonly #stranger: Account
  #login: RelayLogin | undefined
  #link: Link | undefined
  #isClosing = false
  #stopLingering: (() => void) | undefined

  constructor(options: ConnectionOptions) {
    this.#host = options.host
    this.#wire = options.wire
    this.#queue = options.queue
    this.#stranger = options.stranger
    this.#login = options.login
    this.address = options.address
  }

  /** Sends the challenge: with the upgrade, so that the login needs no round trip of its own. */
  begin(): void {
    if (this.#login) this.#queue.pushControl(this.#login.challenge, this.#stranger)
  }

  /** One binary message. Its bytes belong to the connection from here on. */
  receive(frame: Buffer): void {
    if (this.#isClosing) return
    if (this.#link) this.#link.receive(frame)
    else this.#receiveLogin(frame)
  }

  /** A WebSocket ping or pong. */
  heard(): void {
    if (!this.#isClosing) this.#link?.heard()
  }

  /** A message that is no frame of ours. */
  violated(why: string): void {
    if (this.#link) this.#link.violated(why)
    else this.refuse('invalid', why)
  }

  /** Ends a connection that has not logged in. */
  refuse(code: RefusalCode, why: string, retryAfterMs = 0): void {
    if (this.#isClosing || this.#link) return
    this.#isClosing = true
    this.#host.events.loginRefused(code, why, this.address)
    this.#loginEnded(false)
    this.#queue.pushControl(encodeFrame({ kind: 'refused', code, retryAfterMs }), this.#stranger)
    this.#close(code === 'busy' ? closeCode.tryLater : closeCode.policy, code)
  }

  end(end: LinkEnd, farewell?: Farewell): void {
    if (this.#isClosing || !this.#link) return
    this.#isClosing = true
    this.#link.leave(end, farewell?.detail ?? '')
    if (!farewell) {
      this.#wire.terminate()
      return
    }
    if (farewell.frame) this.#queue.pushControl(farewell.frame, this.#link.account)
    this.#close(closeCodeOf(end), farewell.reason)
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  /** Tells the client to move on; `goAway` follows when the time is up. */
  announceDrain(ms: number, relays: string[]): void {
    if (!this.#isClosing) this.#link?.tell(encodeFrame({ kind: 'draining', ms, relays }))
  }

  /** Closes, whatever the state. */
  goAway(): void {
    this.refuse('busy', 'draining', this.#host.limits.busyRetryMs)
    this.end('draining', { reason: 'draining' })
  }

  /** The socket is closed; nothing is written any more. Called exactly once. */
  closed(detail: string): void {
    if (!this.#isClosing) {
      this.#isClosing = true
      if (this.#link) this.#link.leave('client', detail)
      else this.#host.events.loginRefused('invalid', 'closed before login', this.address)
    }
    if (this.#login) this.#loginEnded(false)
    this.#stopLingering?.()
    this.#queue.release()
  }

  sweep(now: number): void {
    if (this.#isClosing) return
    const deadline = this.#login?.deadline()
    if (this.#link) this.#link.sweep(now)
    else if (deadline !== undefined && now >= deadline) {
      this.refuse('login-refused', 'login deadline')
    }
  }

  #receiveLogin(frame: Buffer): void {
    const outcome = this.#login?.receive(frame)
    if (!outcome) return
    if (outcome.kind === 'refused') {
      this.refuse(outcome.code, outcome.why)
      return
    }
    const { login } = outcome
    const verdict = this.#host.admit(login.agent, login.admission)
    if (!verdict.ok) {
      this.refuse(verdict.code, 'not admitted')
      return
    }
    this.#link = new Link({
      host: this.#host,
      outlet: this,
      queue: this.#queue,
      login,
      notAfter: verdict.notAfter,
    })
    this.#loginEnded(true)
    this.#link.enter()
  }

  #loginEnded(isProven: boolean): void {
    this.#login = undefined
    this.#host.loginEnded(this, isProven)
  }

  /** Goodbye, and a bound on how long the other side may take to answer it. */
  #close(code: number, reason: string): void {
    const { limits } = this.#host
    this.#stopLingering = this.#host.after(limits.closeMs, () => this.#wire.terminate())
    this.#wire.close(code, reason)
  }
}

function closeCodeOf(end: LinkEnd): number {
  if (end === 'renewed-elsewhere') return closeCode.normal
  return end === 'draining' ? closeCode.goingAway : closeCode.policy
}
