import { type AgentId, agentIdBytes, agentIdFromBytes, RevocationSet } from '@agent-mesh/core'
import type { StoreReader } from '../store/store.js'

export type MemberChange =
  | { readonly kind: 'revoked'; readonly agent: AgentId }
  | { readonly kind: 'groups'; readonly agent: AgentId }

/**
 * Who is in which group, in memory: a relay asks for every packet. Holds what the store holds;
 * whoever changes the store tells it after the commit. Revoked agents are in no group.
 */
export class Members {
  readonly #groups = new Map<AgentId, string>()
  readonly #revoked: RevocationSet
  readonly #listeners = new Set<(change: MemberChange) => void>()

  constructor(store: StoreReader) {
    this.#revoked = new RevocationSet(store.revocations.all())
    for (const agent of store.agents.inGroups(store.groups.names())) {
      if (!this.#revoked.has(agent.id)) this.#groups.set(agent.id, agent.group)
    }
  }

  get count(): number {
    return this.#groups.size
  }

  groupOf(agent: AgentId): string | undefined {
    return this.#groups.get(agent)
  }

  isRevoked(agent: AgentId): boolean {
    return this.#revoked.has(agent)
  }

  join(agent: AgentId, group: string): void {
    if (this.#groups.get(agent) === group) return
    this.#groups.set(agent, group)
    this.#tell({ kind: 'groups', agent })
  }

  revoke(agent: AgentId): void {
    this.#revoked.add(agent)
    // ±A share their y and so their X25519 form, and no other admitted ids do.
    for (const id of [agent, mirrorOf(agent)]) {
      if (this.#groups.delete(id) || id === agent) this.#tell({ kind: 'revoked', agent: id })
    }
  }

  /** Returns what ends the listening. */
  onChange(listener: (change: MemberChange) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #tell(change: MemberChange): void {
    for (const listener of [...this.#listeners]) listener(change)
  }
}

/** −A: the sign of x is the top bit of the last byte (RFC 8032 §5.1.2). */
function mirrorOf(agent: AgentId): AgentId {
  const bytes = agentIdBytes(agent)
  bytes[31] = (bytes[31] as number) ^ 0x80
  return agentIdFromBytes(bytes)
}
