/**
 * What the registry says about itself: one function per event, which also bumps its counter.
 * Codes, tokens, keys and cards never appear; ids are shortened.
 */
import { type AgentId, shortId } from '@agent-mesh/core'
import type { Person } from './store/store.js'

export type EventLevel = 'info' | 'warn' | 'error'
export type EventFields = Readonly<Record<string, string | number | boolean | readonly string[]>>
/** Where events go: a name and fields, never a sentence. */
export type EventLog = (level: EventLevel, event: string, fields: EventFields) => void

export type RegistryCounter =
  | 'logins'
  | 'loginsRefused'
  | 'registrations'
  | 'admissions'
  | 'ruleChanges'
  | 'revocations'
  | 'followersCut'
  | 'failures'

export class RegistryEvents {
  readonly #log: EventLog
  readonly counters: Record<RegistryCounter, number> = {
    logins: 0,
    loginsRefused: 0,
    registrations: 0,
    admissions: 0,
    ruleChanges: 0,
    revocations: 0,
    followersCut: 0,
    failures: 0,
  }

  constructor(log: EventLog = () => {}) {
    this.#log = log
  }

  loggedIn(person: Person, address: string): void {
    this.counters.logins += 1
    this.#log('info', 'registry.logged-in', { person: person.name, address })
  }

  loginRefused(address: string): void {
    this.counters.loginsRefused += 1
    this.#log('warn', 'registry.login-refused', { address })
  }

  registered(agent: { id: AgentId; name: string; group: string; sequence: number }): void {
    this.counters.registrations += 1
    const { name, group, sequence } = agent
    this.#log('info', 'registry.agent-registered', {
      agent: shortId(agent.id),
      name,
      group,
      sequence,
    })
  }

  admitted(agent: AgentId): void {
    this.counters.admissions += 1
    this.#log('info', 'registry.admission-issued', { agent: shortId(agent) })
  }

  ruleChanged(change: 'added' | 'removed', rule: string, person: Person): void {
    this.counters.ruleChanges += 1
    this.#log('info', `registry.rule-${change}`, { rule, person: person.name })
  }

  revoked(agent: AgentId): void {
    this.counters.revocations += 1
    this.#log('warn', 'registry.agent-revoked', { agent: shortId(agent) })
  }

  followerJoined(agents: readonly AgentId[], address: string): void {
    this.#log('info', 'registry.follower-joined', { agents: agents.map(shortId), address })
  }

  followerLeft(agents: readonly AgentId[]): void {
    this.#log('info', 'registry.follower-left', { agents: agents.map(shortId) })
  }

  followerCut(reason: string, address: string): void {
    this.counters.followersCut += 1
    this.#log('warn', 'registry.follower-cut', { reason, address })
  }

  failed(method: string, path: string, error: unknown): void {
    this.counters.failures += 1
    this.#log('error', 'registry.request-failed', { method, path, error: describe(error) })
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
