import type { FeedServerMessage } from '@agent-mesh/api'
import type { AgentId } from '@agent-mesh/core'

export interface FollowerLimits {
  readonly unacknowledgedBytes: number
  readonly unacknowledgedMessages: number
  readonly snapshotMs: number
  readonly helloMs: number
}

interface Sent {
  readonly sequence: number
  readonly bytes: number
}

/**
 * One feed connection, without its socket: who follows, what was sent and not acknowledged. The
 * queue towards a follower is what it has not acknowledged; past its bound the follower is cut.
 */
export class Follower {
  readonly address: string
  readonly nonce: Uint8Array
  /** What its process calls itself, so that several connections count as one daemon. */
  instance: string | undefined
  readonly #limits: FollowerLimits
  readonly #openedAt: number
  readonly #agents = new Map<AgentId, string>()
  readonly #unacknowledged: Sent[] = []
  #unacknowledgedBytes = 0
  #acknowledged = -1
  #newest = -1
  #snapshot: { sequence: number; sentAt: number } | undefined
  #snapshotDue = false

  constructor(options: {
    address: string
    nonce: Uint8Array
    limits: FollowerLimits
    now: number
  }) {
    this.address = options.address
    this.nonce = options.nonce
    this.#limits = options.limits
    this.#openedAt = options.now
  }

  get agents(): readonly AgentId[] {
    return [...this.#agents.keys()]
  }

  get groups(): readonly string[] {
    return [...new Set(this.#agents.values())]
  }

  /** Whether anybody was let in. */
  get isFollowing(): boolean {
    return this.#agents.size > 0
  }

  /** Whether the agent has proven itself on this connection. */
  includes(agent: string): boolean {
    const agents: ReadonlyMap<string, string> = this.#agents
    return agents.has(agent)
  }

  /** Whether it has every change up to `sequence` that was meant for it. */
  has(sequence: number): boolean {
    return this.#acknowledged >= Math.min(sequence, this.#newest)
  }

  join(agent: AgentId, group: string): void {
    this.#agents.set(agent, group)
  }

  leave(agent: AgentId): void {
    this.#agents.delete(agent)
  }

  /** Whether a snapshot may go out now; if not, `acknowledge` will ask for it. */
  wantSnapshot(): boolean {
    this.#snapshotDue = this.#snapshot !== undefined
    return !this.#snapshotDue
  }

  /** Whether changes of this group concern it, and it has a snapshot to build on. */
  follows(group: string): boolean {
    if (this.#newest < 0) return false
    for (const own of this.#agents.values()) if (own === group) return true
    return false
  }

  /** Notes what was sent. False: the follower is too slow and must be cut. */
  sent(message: FeedServerMessage, bytes: number, now: number): boolean {
    if (message.type !== 'snapshot' && message.type !== 'change') return true
    this.#newest = Math.max(this.#newest, message.sequence)
    if (message.type === 'snapshot') {
      // A snapshot may be larger than the bound; it has a time limit instead.
      this.#snapshot = { sequence: message.sequence, sentAt: now }
      return true
    }
    this.#unacknowledged.push({ sequence: message.sequence, bytes })
    this.#unacknowledgedBytes += bytes
    return (
      this.#unacknowledgedBytes <= this.#limits.unacknowledgedBytes &&
      this.#unacknowledged.length <= this.#limits.unacknowledgedMessages
    )
  }

  /** `due` is a snapshot that waited for this; `invalid` an acknowledgement of nothing sent. */
  acknowledge(sequence: number): 'noted' | 'due' | 'invalid' {
    if (sequence > this.#newest) return 'invalid'
    this.#acknowledged = Math.max(this.#acknowledged, sequence)
    while ((this.#unacknowledged[0]?.sequence ?? Number.POSITIVE_INFINITY) <= sequence) {
      this.#unacknowledgedBytes -= this.#unacknowledged.shift()?.bytes ?? 0
    }
    if (this.#snapshot !== undefined && sequence >= this.#snapshot.sequence) {
      this.#snapshot = undefined
      if (this.#snapshotDue) {
        this.#snapshotDue = false
        return 'due'
      }
    }
    return 'noted'
  }

  /** Why it has to be cut by now, if it has to. */
  overdue(now: number): string | undefined {
    if (this.#agents.size === 0) {
      return now - this.#openedAt > this.#limits.helloMs ? 'no hello' : undefined
    }
    if (this.#snapshot === undefined) return undefined
    return now - this.#snapshot.sentAt > this.#limits.snapshotMs
      ? 'snapshot not acknowledged'
      : undefined
  }
}
