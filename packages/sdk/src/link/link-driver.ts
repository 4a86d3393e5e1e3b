import {
  type AgentId,
  type Clock,
  relaySubprotocol,
  type UndeliverableReason,
} from '@agent-mesh/core'
import { limits } from '../limits.js'
import type { Timers } from '../timers.js'
import { sendControl } from '../transport/control.js'
import type { Dial, WebSocketLike } from '../transport/socket.js'
import { SocketSet } from '../transport/socket-set.js'
import { Wakeup } from '../wakeup.js'
import type { ConnectionId, LinkEffect } from './effects.js'
import { PacketQueue } from './packet-queue.js'
import type { RelayLink } from './relay-link.js'
import { Routing } from './routing.js'

/** What the link tells the session; each is carried out before the next. */
export interface LinkUser {
  up(link: ConnectionId, maxPacket: number): void
  down(link: ConnectionId): void
  packet(from: AgentId, packet: Uint8Array, link: ConnectionId): void
  undeliverable(notice: UndeliverableNotice, link: ConnectionId): void
  status(): void
}

export interface UndeliverableNotice {
  readonly to: AgentId
  readonly reason: UndeliverableReason
  readonly count: number
  readonly retryAfterMs: number
}

/** An admission as the registry gave it, and how long it is good for. */
export interface FetchedAdmission {
  readonly document: Uint8Array
  readonly lifeMs: number
}

export interface LinkDriverOptions {
  readonly link: RelayLink
  readonly user: LinkUser
  readonly dial: Dial
  readonly ca?: string | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly fetchAdmission: (options: { signal: AbortSignal }) => Promise<FetchedAdmission>
}

interface Line {
  readonly socket: WebSocketLike
  readonly queue: PacketQueue
}

/** Gives a relay link its sockets and its clock. Nothing here waits while a frame is being read. */
export class LinkDriver {
  readonly #options: LinkDriverOptions
  readonly #sockets: SocketSet
  readonly #lines = new Map<ConnectionId, Line>()
  readonly #routing = new Routing()
  readonly #wakeup: Wakeup
  readonly #abort = new AbortController()
  #cancelPoll: (() => void) | undefined
  #working = false

  constructor(options: LinkDriverOptions) {
    this.#options = options
    const { clock, timers, link, dial } = options
    this.#sockets = new SocketSet(dial, timers)
    this.#wakeup = new Wakeup(clock, timers, () => {
      link.tick(this.#now())
      this.#work()
    })
  }

  start(): void {
    this.#options.link.start(this.#now())
    this.#work()
  }

  /** Asks the relay for a sign of life now, and tries again now where it waited. */
  verify(): void {
    this.#options.link.verify(this.#now())
    this.#work()
  }

  /** False: the link cannot take it now, and the packet was dropped. */
  send(link: ConnectionId, to: AgentId, packet: Uint8Array): boolean {
    const line = this.#lines.get(link)
    if (line === undefined) return true // Its `down` is on the way and tells more.
    this.#options.link.sent(link, this.#now())
    const taken = line.queue.push(this.#routing.sendFrame(to, packet))
    if (line.queue.waiting) this.#poll()
    this.#arm()
    return taken
  }

  /** Ends the link; what was written before still leaves, within a bounded time. */
  async close(): Promise<void> {
    this.#abort.abort()
    const { clock, timers, link } = this.#options
    const giveUpAt = clock.now() + limits.flushMs
    while (clock.now() < giveUpAt && [...this.#lines.values()].some(({ queue }) => queue.waiting)) {
      await new Promise<void>((resolve) => timers.after(limits.socketPollMs, resolve))
    }
    link.stop('left')
    this.#work()
    this.#wakeup.cancel()
    this.#cancelPoll?.()
    await this.#sockets.end()
  }

  /** Ends the link for a reason that came from elsewhere, such as the feed. */
  stop(...end: Parameters<RelayLink['stop']>): void {
    this.#options.link.stop(...end)
    this.#work()
  }

  #work(): void {
    // The session may send while it hears of `up`; those effects are behind ours in the list.
    if (this.#working) return
    this.#working = true
    try {
      for (;;) {
        const effects = this.#options.link.drain()
        if (effects.length === 0) break
        for (const effect of effects) this.#carryOut(effect)
      }
    } finally {
      this.#working = false
    }
    this.#arm()
  }

  #carryOut(effect: LinkEffect): void {
    const { user } = this.#options
    switch (effect.kind) {
      case 'dial':
        this.#dial(effect.connection, effect.url)
        return
      case 'write': {
        const line = this.#lines.get(effect.connection)
        if (line !== undefined) sendControl(line.socket, effect.frame)
        return
      }
      case 'hang-up':
        this.#hangUp(effect.connection, effect.abruptly)
        return
      case 'up':
        user.up(effect.connection, effect.maxPacket)
        return
      case 'down':
        user.down(effect.connection)
        return
      case 'packet': {
        const from = this.#routing.idOf(effect.from)
        if (from !== undefined) user.packet(from, effect.packet, effect.connection)
        return
      }
      case 'undeliverable': {
        const to = this.#routing.idOf(effect.to)
        if (to !== undefined) user.undeliverable({ ...effect, to }, effect.connection)
        return
      }
      case 'fetch-admission':
        void this.#fetchAdmission()
        return
      case 'status':
        user.status()
        return
    }
  }

  #dial(id: ConnectionId, url: string): void {
    const { link, ca } = this.#options
    const socket = this.#sockets.dial(
      url,
      [relaySubprotocol],
      {
        // The relay speaks first; until its challenge nothing is known to be there.
        open: () => undefined,
        message: (data) => {
          link.received(id, data, this.#now())
          this.#work()
        },
        close: ({ detail }) => {
          this.#lines.delete(id)
          link.closed(id, detail, this.#now())
          this.#work()
        },
      },
      { maxFrameBytes: limits.relayFrameBytes, ...(ca === undefined ? {} : { ca }) },
    )
    this.#lines.set(id, { socket, queue: new PacketQueue(socket) })
  }

  #hangUp(id: ConnectionId, abruptly: boolean): void {
    const socket = this.#lines.get(id)?.socket
    this.#lines.delete(id)
    if (abruptly) socket?.terminate()
    else socket?.close(1000)
  }

  async #fetchAdmission(): Promise<void> {
    const { link, fetchAdmission } = this.#options
    const { signal } = this.#abort
    try {
      const { document, lifeMs } = await fetchAdmission({ signal })
      link.admission(document, lifeMs, this.#now())
    } catch (error) {
      if (signal.aborted) return
      link.admissionFailed(error, this.#now())
    }
    this.#work()
  }

  #poll(): void {
    this.#cancelPoll ??= this.#options.timers.after(limits.socketPollMs, () => {
      this.#cancelPoll = undefined
      let waiting = false
      for (const { queue } of this.#lines.values()) {
        queue.flush()
        waiting ||= queue.waiting
      }
      if (waiting) this.#poll()
    })
  }

  #arm(): void {
    this.#wakeup.at(this.#options.link.deadline())
  }

  #now(): number {
    return this.#options.clock.now()
  }
}
