import type { Clock } from '@agent-mesh/core'
import { limits } from '../limits.js'
import type { Timers } from '../timers.js'
import { sendControl } from '../transport/control.js'
import type { Dial, WebSocketLike } from '../transport/socket.js'
import { SocketSet } from '../transport/socket-set.js'
import { Wakeup } from '../wakeup.js'
import type { Directory } from './directory.js'
import type { FeedEffect, FeedLink } from './feed-link.js'

export interface FeedDriverOptions {
  readonly link: FeedLink
  readonly directory: Directory
  readonly url: string
  readonly dial: Dial
  readonly ca?: string | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly onStatus: () => void
}

/** Gives a feed its socket and its clock, and the directory what it says. */
export class FeedDriver {
  readonly #options: FeedDriverOptions
  readonly #wakeup: Wakeup
  readonly #sockets: SocketSet
  #socket: WebSocketLike | undefined
  #working = false

  constructor(options: FeedDriverOptions) {
    this.#options = options
    const { clock, timers, link, dial } = options
    this.#sockets = new SocketSet(dial, timers)
    this.#wakeup = new Wakeup(clock, timers, () => {
      link.tick(clock.now())
      this.#work()
    })
  }

  start(): void {
    this.#options.link.start(this.#options.clock.now())
    this.#work()
  }

  verify(): void {
    this.#options.link.verify(this.#options.clock.now())
    this.#work()
  }

  async close(): Promise<void> {
    this.#options.link.stop()
    this.#work()
    this.#wakeup.cancel()
    await this.#sockets.end()
  }

  #work(): void {
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
    this.#wakeup.at(this.#options.link.deadline())
  }

  #carryOut(effect: FeedEffect): void {
    const { directory, onStatus } = this.#options
    switch (effect.kind) {
      case 'dial':
        this.#dial(effect.connection)
        return
      case 'write':
        if (this.#socket !== undefined) sendControl(this.#socket, effect.text)
        return
      case 'hang-up':
        this.#socket?.close(1000)
        this.#socket = undefined
        return
      case 'apply':
        directory.apply(effect.message)
        return
      case 'confirmed':
        directory.confirmed()
        return
      case 'lost':
        directory.lost()
        return
      case 'status':
        onStatus()
        return
    }
  }

  #dial(connection: number): void {
    const { url, ca, link, clock } = this.#options
    this.#socket = this.#sockets.dial(
      url,
      [],
      {
        open: () => undefined,
        message: (data) => {
          link.received(connection, data, clock.now())
          this.#work()
        },
        close: ({ detail }) => {
          link.closed(connection, detail, clock.now())
          this.#work()
        },
      },
      { maxFrameBytes: limits.feedFrameBytes, ...(ca === undefined ? {} : { ca }) },
    )
  }
}
