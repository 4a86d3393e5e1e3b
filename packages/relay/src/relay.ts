import {
  type AgentId,
  agentIdBytes,
  type Clock,
  type Crypto,
  RelayLogin,
  relayOrigin,
} from '@agent-mesh/core'
import type { WebSocket } from 'ws'
import { type Account, Accounts, createAccount } from './account.js'
import { Budget } from './budget.js'
import { Connection, type ConnectionHost } from './connection.js'
import { Entrance } from './entrance.js'
import { Epochs } from './epoch.js'
import type { RelayCounters, RelayEvents } from './events.js'
import type { Gate, GateVerdict } from './gate.js'
import { defaultLimits, type RelayLimits } from './limits.js'
import type { Link } from './link.js'
import { type GateVersion, Reach } from './reach.js'
import { Router } from './router.js'
import { routingKeyOf } from './routing-key.js'
import { SendQueue } from './send-queue.js'
import { Tick } from './tick.js'
import { attach, WebSocketWire } from './web-socket-wire.js'

export interface RelayOptions {
  gate: Gate
  /** URLs by which clients may call this relay; a login meant for any other is refused. */
  origins: readonly string[]
  crypto: Crypto
  clock: Clock
  log: RelayEvents
  limits?: Partial<RelayLimits> | undefined
  /** Relay URLs told to clients when this one drains. */
  others?: readonly string[] | undefined
}

export interface RelayStatus {
  state: 'serving' | 'draining' | 'stopped'
  /** Agents logged in. */
  links: number
  halfOpen: number
  queuedBytes: number
  /** Epoch of the newest accepted connection; 0 before the first. */
  epoch: number
}

/** Carries packets between admitted agents. It owns every socket that `accept` was given. */
export class Relay implements AsyncDisposable {
  readonly limits: RelayLimits
  readonly #options: RelayOptions
  readonly #origins: ReadonlySet<string>
  readonly #host: ConnectionHost
  readonly #router = new Router<Link>()
  readonly #budget: Budget
  readonly #accounts: Accounts
  readonly #entrance: Entrance
  readonly #epochs: Epochs
  readonly #tick = new Tick()
  readonly #stranger: Account
  readonly #version: GateVersion = { current: 0 }
  readonly #connections = new Set<Connection>()
  /** Logins under way, oldest first. */
  readonly #halfOpen = new Set<Connection>()
  readonly #sweeper: NodeJS.Timeout
  readonly #unsubscribe: () => void
  #state: RelayStatus['state'] = 'serving'
  #emptied: (() => void)[] = []

  /** @throws MeshError `invalid` when an origin is no relay URL. */
  constructor(options: RelayOptions) {
    this.#options = options
    this.limits = { ...defaultLimits, ...options.limits }
    this.#origins = new Set(options.origins.map(relayOrigin))
    this.#budget = new Budget(this.limits.budgetBytes)
    this.#accounts = new Accounts(this.limits, options.clock)
    this.#entrance = new Entrance(this.limits)
    this.#epochs = new Epochs(options.clock)
    this.#stranger = createAccount(this.limits, options.clock.now())
    this.#host = this.#createHost()
    this.#unsubscribe = options.gate.onChange((change) => {
      this.#version.current += 1
      if (change.kind === 'revoked') this.#linkOf(change.agent)?.revoke()
    })
    this.#sweeper = setInterval(() => this.#sweep(), this.limits.sweepMs)
    this.#sweeper.unref()
  }

  /** Takes a socket over, straight after its upgrade; `address` is the remote's, for limits. */
  accept(socket: WebSocket, address: string): void {
    const { clock, crypto, log } = this.#options
    const wire = new WebSocketWire(socket)
    const queue = new SendQueue({
      wire,
      limits: this.limits,
      budget: this.#budget,
      tick: this.#tick,
    })
    const login = new RelayLogin({
      crypto,
      origins: this.#origins,
      terms: {
        maxPacket: this.limits.maxPacketBytes,
        maxFramesPerSecond: this.limits.framesPerSecond,
        heartbeatMs: this.limits.heartbeatMs,
      },
      deadline: clock.now() + this.limits.loginMs,
    })
    const connection = new Connection({
      host: this.#host,
      wire,
      queue,
      login,
      address,
      stranger: this.#stranger,
    })
    log.connectionOpened()
    this.#connections.add(connection)
    attach(socket, connection, () => this.#forget(connection))
    this.#begin(connection)
  }

  isOnline(agent: AgentId): boolean {
    return this.#linkOf(agent) !== undefined
  }

  /** Counts since the start. The object is live and not to be changed. */
  metrics(): Readonly<RelayCounters> {
    return this.#options.log.counters
  }

  status(): RelayStatus {
    return {
      state: this.#state,
      links: this.#router.size,
      halfOpen: this.#halfOpen.size,
      queuedBytes: this.#budget.usedBytes,
      epoch: this.#epochs.last,
    }
  }

  /**
   * Lets nobody in any more, tells everybody to move on within `ms`, and ends with the last
   * connection, at the latest a closing handshake after `ms`.
   */
  async drain(ms: number): Promise<void> {
    if (this.#state !== 'serving') {
      await this.#whenEmpty()
      return
    }
    this.#state = 'draining'
    this.#options.log.draining(ms, this.#router.size)
    for (const connection of this.#halfOpen) connection.goAway()
    for (const connection of this.#connections) {
      connection.announceDrain(ms, [...(this.#options.others ?? [])])
    }
    const timer = setTimeout(() => this.#sendAway(), ms)
    await this.#whenEmpty()
    clearTimeout(timer)
  }

  /** Closes every connection and ends when the last socket is gone. A second call just waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'stopped') {
      this.#state = 'stopped'
      clearInterval(this.#sweeper)
      this.#unsubscribe()
      this.#sendAway()
    }
    await this.#whenEmpty()
    this.#options.log.stopped()
  }

  #begin(connection: Connection): void {
    const { busyRetryMs } = this.limits
    if (this.#state !== 'serving') {
      connection.refuse('busy', 'draining', busyRetryMs)
      return
    }
    const waitMs = this.#entrance.enter(connection.address, this.#options.clock.now())
    if (waitMs !== undefined) {
      connection.refuse('busy', 'address limit', waitMs)
      return
    }
    this.#halfOpen.add(connection)
    connection.begin()
    if (this.#halfOpen.size > this.limits.halfOpen) {
      // Who answers in a round trip is long in when a flood has filled the room behind it.
      const [oldest] = this.#halfOpen
      oldest?.refuse('busy', 'too many logins under way', busyRetryMs)
    }
  }

  #createHost(): ConnectionHost {
    const { clock, log, gate } = this.#options
    return {
      clock,
      limits: this.limits,
      events: log,
      tick: this.#tick,
      router: this.#router,
      admit: (agent, admission) => this.#admit(agent, admission),
      account: (key) => this.#accounts.enter(key),
      reach: (agent) =>
        new Reach({
          gate,
          agent,
          version: this.#version,
          maxEntries: this.limits.reachEntries,
        }),
      nextEpoch: () => this.#epochs.next(),
      after: (ms, task) => {
        const timer = setTimeout(task, ms)
        return () => clearTimeout(timer)
      },
      loginEnded: (connection, proven) => {
        if (this.#halfOpen.delete(connection)) this.#entrance.leave(connection.address, proven)
      },
    }
  }

  #admit(agent: AgentId, admission: Uint8Array): GateVerdict {
    try {
      return this.#options.gate.admit({ agent, admission, nowWall: this.#options.clock.wall() })
    } catch (error) {
      this.#options.log.gateFailed(agent, error)
      return { ok: false, code: 'registry-unreachable' }
    }
  }

  #linkOf(agent: AgentId): Link | undefined {
    return this.#router.get(routingKeyOf(agentIdBytes(agent)))
  }

  #sweep(): void {
    const now = this.#options.clock.now()
    for (const connection of this.#connections) connection.sweep(now)
    this.#accounts.sweep(now)
    this.#entrance.sweep(now)
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    const emptied = this.#emptied
    this.#emptied = []
    for (const resolve of emptied) resolve()
  }

  #sendAway(): void {
    for (const connection of this.#connections) connection.goAway()
  }

  async #whenEmpty(): Promise<void> {
    if (this.#connections.size === 0) return
    await new Promise<void>((resolve) => this.#emptied.push(resolve))
  }
}
