/**
 * What the registry remembers, in its own words. Everything is synchronous: a change is durable
 * when `change` returns, and nobody sees half of one. Times are milliseconds since the epoch.
 */
import type { AgentId, Rule } from '@agent-mesh/core'

export interface Person {
  readonly id: string
  readonly name: string
  readonly role: 'owner'
}

export interface Login {
  readonly person: Person
  readonly expiresAt: number
}

/** An agent with its card as it was signed: `document` is JSON text, never re-serialised. */
export interface StoredAgent {
  readonly id: AgentId
  readonly name: string
  readonly group: string
  readonly sequence: number
  readonly capabilities: readonly string[]
  readonly description: string
  /** The card asks that nobody be told whether the agent is online. */
  readonly hidden: boolean
  readonly document: Uint8Array
  readonly signature: Uint8Array
  readonly registeredBy: string
  readonly registeredAt: number
  readonly lastSeenAt: number
}

export interface AgentSearch {
  readonly groups: readonly string[]
  readonly name?: string | undefined
  /** Exact, or `prefix.*`, or `*`. */
  readonly capability?: string | undefined
  /** All of them must occur in name, capabilities or description; case does not matter. */
  readonly words?: readonly string[]
  /** The last agent of the page before. */
  readonly after?: { readonly name: string; readonly id: string } | undefined
  readonly limit: number
}

export interface StoredRule extends Rule {
  readonly id: string
  readonly group: string
  readonly createdAt: number
  /** The name of the person who made it. */
  readonly createdBy: string
}

export type NewRule = Omit<StoredRule, 'id' | 'createdBy'> & {
  /** The id of the person who makes it. */
  readonly createdBy: string
}

/** A rule's meaning: two rules with the same are the same rule. */
export type RuleMeaning = Pick<StoredRule, 'group' | 'effect' | 'from' | 'to' | 'capability'>

export interface StoreReader {
  readonly people: { owner(): Person | undefined }
  readonly tokens: {
    /** By the SHA-256 of the token. */
    login(hash: Uint8Array, now: number): Login | undefined
  }
  readonly groups: { names(): readonly string[] }
  readonly agents: {
    byId(id: AgentId): StoredAgent | undefined
    named(name: string, groups: readonly string[]): readonly StoredAgent[]
    /** At most two, which is enough to know that a prefix is not unique. */
    withPrefix(prefix: string, groups: readonly string[]): readonly StoredAgent[]
    find(search: AgentSearch): { readonly agents: readonly StoredAgent[]; readonly total: number }
    inGroups(groups: readonly string[]): readonly StoredAgent[]
    count(group: string): number
  }
  readonly rules: {
    byId(id: string): StoredRule | undefined
    meaning(rule: RuleMeaning): StoredRule | undefined
    inGroups(groups: readonly string[]): readonly StoredRule[]
    count(group: string): number
  }
  readonly revocations: {
    /** Also true of the other ids that share the agent's X25519 form. */
    has(id: AgentId): boolean
    all(): readonly AgentId[]
  }
  readonly settings: {
    get(name: SettingName): Uint8Array | undefined
    /** The number of the newest change that followers hear of. */
    sequence(): number
  }
}

export type SettingName = 'admission-seed' | 'login-code-salt'

export interface StoreWriter extends StoreReader {
  readonly people: StoreReader['people'] & { add(person: Person, now: number): void }
  readonly tokens: StoreReader['tokens'] & {
    add(token: NewToken): void
    /** Forgets expired ones, and the oldest of a person beyond `keep`. */
    prune(person: string, keep: number, now: number): void
  }
  readonly loginCodes: {
    add(code: { hash: Uint8Array; createdAt: number; expiresAt: number }): void
    /** Forgets expired ones, and the oldest beyond `keep`. */
    prune(keep: number, now: number): void
    /** Whether the code was good; it is used up now. */
    take(hash: Uint8Array, now: number): boolean
  }
  readonly agents: StoreReader['agents'] & {
    put(agent: StoredAgent): void
    seen(id: AgentId, now: number): void
  }
  readonly rules: StoreReader['rules'] & {
    add(rule: NewRule): StoredRule
    remove(id: string): void
  }
  readonly revocations: StoreReader['revocations'] & { add(id: AgentId, now: number): void }
  readonly settings: StoreReader['settings'] & {
    put(name: SettingName, value: Uint8Array): void
    /** The next sequence number. To be told to followers after commit only. */
    advance(): number
  }
}

export interface NewToken {
  readonly hash: Uint8Array
  readonly person: string
  readonly device: string
  readonly createdAt: number
  readonly expiresAt: number
}

export interface Store extends Disposable {
  readonly read: StoreReader
  /** Runs `work` in one transaction: all of it is durable on return, or none when it throws. */
  change<T>(work: (tx: StoreWriter) => T): T
}
