import { type AgentId, toBase64url } from '@agent-mesh/core'
import type { Gate } from './gate.js'

/** Counts gate changes. What was remembered under an older number is asked again. */
export interface GateVersion {
  current: number
}

/**
 * Whom one agent may reach, remembered between packets. Known, foreign, revoked and invented ids
 * take the same steps, so neither an answer nor its timing tells them apart.
 */
export class Reach {
  readonly #gate: Gate
  readonly #agent: AgentId
  readonly #version: GateVersion
  readonly #maxEntries: number
  #verdicts: Map<string, boolean> | undefined
  #askedAt = -1

  constructor(options: { gate: Gate; agent: AgentId; version: GateVersion; maxEntries: number }) {
    this.#gate = options.gate
    this.#agent = options.agent
    this.#version = options.version
    this.#maxEntries = options.maxEntries
  }

  /** `key`: the receiver's 32 bytes as a latin1 string. */
  allows(key: string): boolean {
    const verdicts = this.#current()
    const known = verdicts.get(key)
    if (known !== undefined) return known
    const allowed = this.#gate.mayReach(this.#agent, spelled(key))
    if (verdicts.size >= this.#maxEntries) verdicts.clear()
    verdicts.set(key, allowed)
    return allowed
  }

  #current(): Map<string, boolean> {
    if (this.#verdicts && this.#askedAt === this.#version.current) return this.#verdicts
    this.#askedAt = this.#version.current
    this.#verdicts = new Map()
    return this.#verdicts
  }
}

/**
 * The id these bytes would have. Not parsed: checking the point would take longer for some bytes
 * than for others, and an id that is no key is simply one that no gate knows.
 */
function spelled(key: string): AgentId {
  return toBase64url(Buffer.from(key, 'latin1')) as AgentId
}
