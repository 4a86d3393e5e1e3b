import type { FeedChange, FeedSnapshot } from '@agent-mesh/api'
import {
  type AgentId,
  type Clock,
  type Crypto,
  type Decision,
  type DirectoryView,
  decide,
  MeshError,
  type Rule,
  shortId,
} from '@agent-mesh/core'
import { limits } from '../limits.js'
import { Listeners } from '../listeners.js'
import { Book, type DirectoryAgent, type DirectoryRule, type DirectoryState } from './book.js'

/** What this machine's own user says, above what the registry says. */
export interface LocalPolicy {
  localRules(): readonly Rule[]
  /** Whether the registry's rules count at all. */
  followRegistry(): boolean
}

/** No rules of one's own, the registry's followed. For programs whose user chose a registry. */
export const followingPolicy: LocalPolicy = {
  localRules: () => [],
  followRegistry: () => true,
}

export interface DirectoryOptions {
  readonly self: AgentId
  readonly crypto: Crypto
  readonly clock: Clock
  readonly policy: LocalPolicy
  /** What `state()` gave earlier. */
  readonly cached?: DirectoryState | undefined
}

/** Shortest id prefix that names an agent. */
const shortestPrefix = 6

/** What the registry tells one agent of its groups: cards, rules, revocations. */
export class Directory implements DirectoryView {
  readonly #self: AgentId
  readonly #clock: Clock
  readonly #policy: LocalPolicy
  readonly #book: Book
  readonly #changes = new Listeners<void>()
  #sequence = 0
  #known = false
  #current = false
  /** Monotonic time of the registry's last word; below zero for what came from a disk. */
  #confirmedAt = 0

  constructor({ self, crypto, clock, policy, cached }: DirectoryOptions) {
    this.#self = self
    this.#clock = clock
    this.#policy = policy
    this.#book = new Book(crypto)
    if (cached === undefined) return
    this.#book.replace(cached)
    this.#sequence = cached.sequence
    this.#known = true
    // A clock that was set back must not make old rules young: at least they are as old as this start.
    this.#confirmedAt = clock.now() - Math.max(0, clock.wall() - cached.asOf)
  }

  /** Number of the newest change that is in force. */
  get sequence(): number {
    return this.#sequence
  }

  /** Whether the feed is up and everything it said is in force. */
  get isCurrent(): boolean {
    return this.#current
  }

  /** Milliseconds since the registry last confirmed this; `undefined` before the first word. */
  get ageMs(): number | undefined {
    if (!this.#known) return undefined
    return this.#current ? 0 : this.#clock.now() - this.#confirmedAt
  }

  /** Everybody in view, revoked agents too. */
  agents(): readonly DirectoryAgent[] {
    return [...this.#book.agents()]
  }

  get(id: AgentId): DirectoryAgent | undefined {
    return this.#book.agent(id)
  }

  nameOf(id: AgentId): string | undefined {
    return this.#book.agent(id)?.name
  }

  rules(): readonly DirectoryRule[] {
    return this.#book.rules()
  }

  groups(): readonly string[] {
    return this.#book.groups()
  }

  /**
   * The agent that an id, a unique prefix of one (6 characters or more) or a name stands for.
   * @throws MeshError `unknown-agent`; `ambiguous` with `details.candidates: {id, name, group}[]`
   */
  resolve(target: string): DirectoryAgent {
    const exact = this.#book.agent(target as AgentId)
    if (exact !== undefined) return exact
    // A name that is also the beginning of somebody's id must not be able to hide either of them.
    const found = [...this.#book.agents()].filter(
      ({ id, name }) =>
        name === target || (target.length >= shortestPrefix && id.startsWith(target)),
    )
    const [only] = found
    if (only === undefined) {
      throw new MeshError('unknown-agent', `no agent "${target}" is in view`, {
        details: { target },
      })
    }
    if (found.length > 1) {
      const candidates = found.map(({ id, name, group }) => ({ id, name, group }))
      const listed = found.map(({ id, name }) => `${name} (${shortId(id)})`).join(', ')
      throw new MeshError('ambiguous', `"${target}" may be any of ${listed}`, {
        details: { target, candidates },
      })
    }
    return only
  }

  // What `decide` asks (core/directory).

  isRevoked(id: AgentId): boolean {
    return this.#book.isRevoked(id)
  }

  /** False for everybody once the last word of the registry is older than 24 h. */
  shareGroup(a: AgentId, b: AgentId): boolean {
    const group = this.#book.agent(a)?.group
    if (group === undefined || group !== this.#book.agent(b)?.group) return false
    return (this.ageMs ?? Number.POSITIVE_INFINITY) <= limits.directoryStaleMs
  }

  localRules(): readonly Rule[] {
    return this.#policy.localRules()
  }

  registryRules(): readonly Rule[] {
    return this.#policy.followRegistry() ? this.#book.rules() : []
  }

  /** May `caller` invoke `capability` on this agent? */
  decide(caller: AgentId, capability: string): Decision {
    return decide({ caller, target: this.#self, capability }, this)
  }

  /** Whether packets of `peer` deserve an answer at all. */
  mayTalk(peer: AgentId): boolean {
    return !this.isRevoked(peer) && this.shareGroup(this.#self, peer)
  }

  /** Called after every change, when it is in force. Returns the way to stop listening. */
  onChange(listener: () => void): () => void {
    return this.#changes.add(listener)
  }

  /** For a disk; give it back as `cached`. */
  state(): DirectoryState {
    const age = this.ageMs ?? 0
    return {
      v: 1,
      sequence: this.#sequence,
      asOf: this.#clock.wall() - age,
      ...this.#book.contents(),
    }
  }

  // What the feed tells.

  /** Puts a snapshot or change in force, whoever has to act on it included. */
  apply(message: FeedSnapshot | FeedChange): void {
    if (message.type === 'snapshot') this.#book.replace(message)
    else this.#book.change(message)
    this.#sequence = message.sequence
    this.#known = true
    this.#current = true
    this.confirmed()
    this.#changes.emit()
  }

  /** The feed gave a sign of life: all we hold is still what the registry says. */
  confirmed(): void {
    this.#confirmedAt = this.#clock.now()
  }

  /** The feed is down; what we hold ages from now on. */
  lost(): void {
    if (!this.#current) return
    this.#current = false
  }
}
