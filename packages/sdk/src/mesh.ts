import { Budget, type Clock, type Crypto, type Keypair, systemClock } from '@agent-mesh/core'
import { platformCrypto } from '#crypto'
import { createFetch, dial } from '#transport'
import type { CallHandler } from './calls/call.js'
import type { DirectoryState } from './directory/book.js'
import type { LocalPolicy } from './directory/directory.js'
import { limits } from './limits.js'
import { Member } from './member.js'
import { SleepWatch } from './sleep-watch.js'
import { systemTimers, type Timers } from './timers.js'
import type { Dial } from './transport/socket.js'

export interface MeshOptions {
  /** Default: node:crypto on Node, JavaScript elsewhere. */
  readonly crypto?: Crypto
  readonly clock?: Clock
  readonly timers?: Timers
  /** How WebSockets are opened. Default: the platform's way. */
  readonly dial?: Dial
  /** Bytes of receive credit and unacknowledged data of all agents together. Default 256 MiB. */
  readonly budgetBytes?: number
}

export interface JoinOptions {
  readonly keypair: Keypair
  /** The server's base URL: `https://mesh.example.com`. The key is registered there already. */
  readonly server: string
  /** Certificate authority in PEM, for a server with a private one. Only on Node. */
  readonly ca?: string
  /** Allows http:// and ws:// to other machines: admissions and cards travel in the open then. */
  readonly insecure?: boolean
  /** Default: no local rules, the registry's followed. After a change of it: `member.redecide()`. */
  readonly policy?: LocalPolicy
  /** Who answers calls; none: every call that is let in is told `not-found`. */
  readonly handler?: CallHandler
  /** What `member.directory.state()` gave earlier, to work from while the registry is away. */
  readonly cached?: DirectoryState
}

/** What the agents of one process share. */
export interface Surroundings {
  readonly crypto: Crypto
  readonly clock: Clock
  readonly timers: Timers
  readonly dial: Dial
  readonly createFetch: typeof createFetch
  readonly budget: Budget
  readonly instance: Uint8Array
}

/** A process in the mesh: any number of agents, one memory budget. */
export class Mesh implements AsyncDisposable {
  readonly crypto: Crypto
  /** 16 random bytes that relays see: the newest instance of an agent wins. Peers see another
   * number, the incarnation, or a relay could forge that a process had restarted. */
  readonly instance: Uint8Array
  readonly #surroundings: Surroundings
  readonly #members = new Set<Member>()
  readonly #sleepWatch: SleepWatch

  constructor(options: MeshOptions = {}) {
    const { crypto = platformCrypto, clock = systemClock, timers = systemTimers } = options
    this.crypto = crypto
    this.instance = crypto.randomBytes(16)
    this.#surroundings = {
      crypto,
      clock,
      timers,
      dial: options.dial ?? dial,
      createFetch,
      budget: new Budget(options.budgetBytes ?? limits.budgetBytes),
      instance: this.instance,
    }
    this.#sleepWatch = new SleepWatch(clock, timers, () => this.verifyLinks())
  }

  /** The agents that are in. */
  get members(): readonly Member[] {
    return [...this.#members]
  }

  /**
   * Brings an agent into the mesh. Returns at once and works in the background: a server that is
   * down is tried again until the member is disposed. `member.ready()` waits.
   * @throws MeshError `config` for a URL that must not be dialled.
   */
  join(options: JoinOptions): Member {
    const member = new Member(this.#surroundings, options, () => {
      this.#members.delete(member)
      if (this.#members.size === 0) this.#sleepWatch.stop()
    })
    this.#members.add(member)
    this.#sleepWatch.start()
    return member
  }

  /** Asks every link for a sign of life now; for when the network is known to have changed. */
  verifyLinks(): void {
    for (const member of this.#members) member.verifyLinks()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()))
    this.#sleepWatch.stop()
  }
}
