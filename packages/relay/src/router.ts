import { type AgentId, rewriteSend, type UndeliverableReason } from '@agent-mesh/core'
import type { Account } from './account.js'
import type { Reach } from './reach.js'
import type { SendQueue } from './send-queue.js'

/** One admitted agent on one connection. */
export interface Route {
  readonly agent: AgentId
  /** The agent's raw 32 bytes, and the same as a routing key. */
  readonly bytes: Uint8Array
  readonly key: string
  readonly account: Account
  readonly reach: Reach
  readonly queue: SendQueue
}

/** Agent → connection. It looks at the routing prefix and nothing behind it, and waits for nobody. */
export class Router<R extends Route = Route> {
  readonly #live = new Map<string, R>()

  get size(): number {
    return this.#live.size
  }

  get(key: string): R | undefined {
    return this.#live.get(key)
  }

  /** The newest connection of an agent wins. Answers the one it took the place of. */
  add(route: R): R | undefined {
    const older = this.#live.get(route.key)
    this.#live.set(route.key, route)
    return older
  }

  /** By connection: the late end of an old one leaves its successor where it is. */
  remove(route: R): void {
    if (this.#live.get(route.key) === route) this.#live.delete(route.key)
  }

  /**
   * Passes a `send` on, rewritten in place, or says why not and leaves it as it was. `frame` has at
   * least a routing prefix, `to` is its key; once passed on, its bytes belong to the receiver's queue.
   */
  forward(from: Route, to: string, frame: Buffer): UndeliverableReason | undefined {
    // Who may not be reached must look like who does not exist, so this comes before the map.
    if (!from.reach.allows(to)) return 'unreachable'
    const target = this.#live.get(to)
    if (!target) return 'offline'
    if (!target.queue.accepts(frame.length, from.account)) return 'congested'
    rewriteSend(frame, from.bytes)
    target.queue.push(frame, from.account)
    return undefined
  }
}
