import type { AgentId } from '../identity/agent-id.js'
import type { SessionLimits } from './limits.js'
import type { Stream } from './stream.js'

/** A call that was running when its session ended: if it comes again, nobody can say more. */
interface Buried {
  readonly buriedUntil: number
}

/**
 * The ids of calls that peers began: running, or answered and not yet acknowledged. While an id is
 * here, the same call coming over another session is not run again. Nothing is ever evicted; a
 * caller whose table is full is told 'busy'.
 */
export class Calls {
  readonly #limits: SessionLimits
  readonly #callers = new Map<AgentId, Map<string, Stream | Buried>>()

  constructor(limits: SessionLimits) {
    this.#limits = limits
  }

  find(caller: AgentId, call: string, now: number): Stream | 'buried' | undefined {
    const entry = this.#callers.get(caller)?.get(call)
    if (entry === undefined || !('buriedUntil' in entry)) return entry
    return entry.buriedUntil > now ? 'buried' : undefined
  }

  hasRoom(caller: AgentId, now: number): boolean {
    const table = this.#callers.get(caller)
    if (table === undefined || table.size < this.#limits.maxCallsPerPeer) return true
    for (const [call, entry] of table) {
      if ('buriedUntil' in entry && entry.buriedUntil <= now) table.delete(call)
    }
    return table.size < this.#limits.maxCallsPerPeer
  }

  keep(stream: Stream): void {
    let table = this.#callers.get(stream.peer)
    if (table === undefined) {
      table = new Map()
      this.#callers.set(stream.peer, table)
    }
    table.set(stream.header.call, stream)
  }

  /** The answer was acknowledged, or the caller does not want it any more. */
  forget(stream: Stream): void {
    const table = this.#callers.get(stream.peer)
    if (table?.get(stream.header.call) !== stream) return
    table.delete(stream.header.call)
    if (table.size === 0) this.#callers.delete(stream.peer)
  }

  /** The session ended before the answer was acknowledged, while the caller may try again. */
  bury(stream: Stream, now: number): void {
    const table = this.#callers.get(stream.peer)
    if (table?.get(stream.header.call) !== stream) return
    // Sessions live no longer than this, so no session of the caller can bring the call after it.
    table.set(stream.header.call, { buriedUntil: now + this.#limits.drainMs })
  }

  /** The caller's process ended: nobody will ask again. */
  forgetCaller(caller: AgentId): void {
    this.#callers.delete(caller)
  }
}
