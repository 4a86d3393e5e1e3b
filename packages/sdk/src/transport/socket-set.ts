import { limits } from '../limits.js'
import type { Timers } from '../timers.js'
import type { Dial, WebSocketLike } from './socket.js'

/** The sockets of one owner, so that its end can be the end of all of them. */
export class SocketSet {
  readonly #dial: Dial
  readonly #timers: Timers
  readonly #open = new Set<WebSocketLike>()
  #whenEmpty: (() => void) | undefined

  constructor(dial: Dial, timers: Timers) {
    this.#dial = dial
    this.#timers = timers
  }

  dial(...[url, protocols, events, options]: Parameters<Dial>): WebSocketLike {
    // A socket may close before `dial` gave it to us.
    let ended = false
    let socket: WebSocketLike | undefined
    const close: typeof events.close = (closed) => {
      ended = true
      if (socket !== undefined) this.#forget(socket)
      events.close(closed)
    }
    const message: typeof events.message = (data) => events.message(data)
    socket = this.#dial(url, protocols, { open: () => events.open(), message, close }, options)
    if (!ended) this.#open.add(socket)
    return socket
  }

  /** Ends what is still open and resolves when everything has ended, within a bounded time. */
  async end(): Promise<void> {
    for (const socket of [...this.#open]) socket.close(1000)
    if (this.#open.size === 0) return
    const cancel = this.#timers.after(limits.flushMs, () => {
      for (const socket of [...this.#open]) socket.terminate()
    })
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
    })
    cancel()
  }

  #forget(socket: WebSocketLike): void {
    this.#open.delete(socket)
    if (this.#open.size === 0) this.#whenEmpty?.()
  }
}
