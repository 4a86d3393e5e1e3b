/**
 * What the registry says about itself: one function per event, which also bumps its counter.
 * Codes, tokens, keys and cards never appear; ids are shortened.
 */
import { type AgentId, shortId } from '@agent-mesh/core'
import type { Person } from './store/store.js'

/** The part of a pino logger that is used. */
export interface Log {
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
  error(fields: object, event: string): void
}

const silent: Log = { info() {}, warn() {}, error() {} }

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
  readonly #log: Log
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

  constructor(log: Log = silent) {
    this.#log = log
  }

  loggedIn(person: Person, address: string): void {
    this.counters.logins += 1
    this.#log.info({ person: person.name, address }, 'logged-in')
  }

  loginRefused(address: string): void {
    this.counters.loginsRefused += 1
    this.#log.warn({ address }, 'login-refused')
  }

  registered(agent: { id: AgentId; name: string; group: string; sequence: number }): void {
    this.counters.registrations += 1
    const { name, group, sequence } = agent
    this.#log.info({ agent: shortId(agent.id), name, group, sequence }, 'agent-registered')
  }

  admitted(agent: AgentId): void {
    this.counters.admissions += 1
    this.#log.info({ agent: shortId(agent) }, 'admission-issued')
  }

  ruleChanged(change: 'added' | 'removed', rule: string, person: Person): void {
    this.counters.ruleChanges += 1
    this.#log.info({ rule, person: person.name }, `rule-${change}`)
  }

  revoked(agent: AgentId): void {
    this.counters.revocations += 1
    this.#log.warn({ agent: shortId(agent) }, 'agent-revoked')
  }

  followerJoined(agents: readonly AgentId[], address: string): void {
    this.#log.info({ agents: agents.map(shortId), address }, 'follower-joined')
  }

  followerLeft(agents: readonly AgentId[]): void {
    this.#log.info({ agents: agents.map(shortId) }, 'follower-left')
  }

  followerCut(reason: string, address: string): void {
    this.counters.followersCut += 1
    this.#log.warn({ reason, address }, 'follower-cut')
  }

  failed(method: string, path: string, error: unknown): void {
    this.counters.failures += 1
    this.#log.error({ method, path, error: describe(error) }, 'request-failed')
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
