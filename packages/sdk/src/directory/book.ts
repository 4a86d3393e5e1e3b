import type { FeedAgent, FeedChange, FeedGroup, FeedRule, FeedSnapshot } from '@agent-mesh/api'
import {
  type AgentId,
  type Card,
  type Crypto,
  maxCardBytes,
  RevocationSet,
  type Rule,
  readCard,
  type SignedDocument,
  sameDocument,
  signedFromText,
  signedToText,
  succession,
  verifyCard,
} from '@agent-mesh/core'

/** An agent in view, as its own verified card says. */
export interface DirectoryAgent {
  readonly id: AgentId
  readonly name: string
  readonly group: string
  readonly card: Card
  /** A revoked agent stays in view, so that its name says what became of it. */
  readonly revoked: boolean
}

/** A rule as the registry spreads it. */
export interface DirectoryRule extends Rule {
  readonly id: string
}

/** All that a directory holds, as JSON: for a disk, and to start from while the registry is away. */
export interface DirectoryState {
  readonly v: 1
  readonly sequence: number
  /** Milliseconds since 1970: when the registry last confirmed it. */
  readonly asOf: number
  readonly agents: readonly FeedAgent[]
  readonly rules: readonly FeedRule[]
  readonly groups: readonly FeedGroup[]
  readonly revoked: readonly AgentId[]
}

type Contents = Omit<DirectoryState, 'v' | 'asOf' | 'sequence'>

/** What the feed said so far; pure. Cards are verified here, and only here. */
export class Book {
  readonly #crypto: Crypto
  #agents = new Map<AgentId, DirectoryAgent>()
  #rules = new Map<string, DirectoryRule>()
  #groups = new Map<string, FeedGroup>()
  // Revocation is final: what was once heard survives snapshots, and registries that were reset.
  readonly #revokedIds = new Set<AgentId>()
  readonly #revoked = new RevocationSet()
  /** Asking a set that is keyed by another form of the key costs a conversion. */
  readonly #revokedKnown = new Map<AgentId, boolean>()

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  replace(snapshot: FeedSnapshot | Contents): void {
    const former = this.#agents
    this.#agents = new Map()
    this.#rules = new Map(snapshot.rules.map((rule) => [rule.id, rule]))
    this.#groups = new Map(snapshot.groups.map((group) => [group.name, group]))
    this.#revoke(snapshot.revoked)
    for (const agent of snapshot.agents) this.#putAgent(agent, former)
    for (const [id, agent] of former) {
      // A revoked agent that the registry no longer lists keeps its name.
      if (!this.#agents.has(id) && agent.revoked) this.#agents.set(id, agent)
    }
  }

  change({ upsert, remove, revoked = [] }: FeedChange): void {
    this.#revoke(revoked)
    for (const id of remove.agents ?? []) if (!this.isRevoked(id)) this.#agents.delete(id)
    for (const id of remove.rules ?? []) this.#rules.delete(id)
    for (const name of remove.groups ?? []) this.#groups.delete(name)
    for (const agent of upsert.agents ?? []) this.#putAgent(agent, this.#agents)
    for (const rule of upsert.rules ?? []) this.#rules.set(rule.id, rule)
    for (const group of upsert.groups ?? []) this.#groups.set(group.name, group)
  }

  contents(): Contents {
    return {
      agents: [...this.#agents.values()].map(({ card, group }) => ({
        ...signedToText(card.signed),
        group,
      })),
      rules: [...this.#rules.values()],
      groups: [...this.#groups.values()],
      revoked: [...this.#revokedIds],
    }
  }

  agent(id: AgentId): DirectoryAgent | undefined {
    return this.#agents.get(id)
  }

  agents(): IterableIterator<DirectoryAgent> {
    return this.#agents.values()
  }

  rules(): readonly DirectoryRule[] {
    return [...this.#rules.values()]
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()]
  }

  isRevoked(id: AgentId): boolean {
    if (this.#revoked.size === 0) return false
    const known = this.#revokedKnown.get(id)
    if (known !== undefined) return known
    // Ids of strangers end up here; forgetting the answers costs a conversion each.
    if (this.#revokedKnown.size >= 10_000) this.#revokedKnown.clear()
    const revoked = this.#revoked.has(id)
    this.#revokedKnown.set(id, revoked)
    return revoked
  }

  #revoke(ids: readonly AgentId[]): void {
    for (const id of ids) {
      this.#revokedIds.add(id)
      this.#revoked.add(id)
      this.#revokedKnown.clear()
    }
    for (const [id, agent] of this.#agents) {
      if (!agent.revoked && this.isRevoked(id)) this.#agents.set(id, { ...agent, revoked: true })
    }
  }

  /** A card that is not its agent's own, or older than one seen before, changes nothing. */
  #putAgent({ group, ...document }: FeedAgent, former: ReadonlyMap<AgentId, DirectoryAgent>): void {
    const card = this.#newest(document, former)
    if (card === undefined) return
    const { id, name } = card
    this.#agents.set(id, { id, name, group, card, revoked: this.isRevoked(id) })
  }

  #newest(
    document: SignedDocument,
    former: ReadonlyMap<AgentId, DirectoryAgent>,
  ): Card | undefined {
    try {
      const read = readCard(signedFromText(document, maxCardBytes))
      const known = former.get(read.id)?.card
      // Most of a snapshot is what the last one said; a signature costs more than a comparison.
      if (known !== undefined && sameDocument(known.signed, read.signed)) return known
      const card = verifyCard(this.#crypto, read)
      return known !== undefined && succession(known, card) !== 'newer' ? known : card
    } catch {
      return undefined
    }
  }
}
