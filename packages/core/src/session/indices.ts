import type { Crypto } from '../crypto.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Peer } from './peer.js'
import type { Session } from './session.js'

/** Who owns an index: a half-open handshake or a session, both of one peer. */
export interface Route {
  readonly peer: Peer
  readonly session?: Session
}

/** The indices that this Endpoint gave out: 32 random bits each, never 0. They alone route. */
export class Indices {
  readonly #crypto: Crypto
  readonly #routes = new Map<number, Route>()

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  get(index: number): Route | undefined {
    return this.#routes.get(index)
  }

  take(route: Route): number {
    for (;;) {
      const bytes = this.#crypto.randomBytes(4)
      const index = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
      if (index === 0 || this.#routes.has(index)) continue
      this.#routes.set(index, route)
      return index
    }
  }

  set(index: number, route: Route): void {
    this.#routes.set(index, route)
  }

  free(index: number): void {
    this.#routes.delete(index)
  }
}

/** Says yes to each peer once in a while. Remembers the newest `size` peers. */
export class Throttle {
  readonly #everyMs: number
  readonly #size: number
  /** When it last said yes; the longest ago first. */
  readonly #saidAt = new Map<AgentId, number>()

  constructor(everyMs: number, size: number) {
    this.#everyMs = everyMs
    this.#size = size
  }

  allows(peer: AgentId, now: number): boolean {
    const last = this.#saidAt.get(peer)
    if (last !== undefined && now - last < this.#everyMs) return false
    this.#saidAt.delete(peer)
    for (const oldest of this.#saidAt.keys()) {
      if (this.#saidAt.size < this.#size) break
      this.#saidAt.delete(oldest)
    }
    this.#saidAt.set(peer, now)
    return true
  }
}
