import {
  type Admission,
  type AgentId,
  type Clock,
  type Crypto,
  isMeshError,
  maxAdmissionBytes,
  signedFromBytes,
  verifyAdmission,
} from '@agent-mesh/core'
import type { Gate, GateChange, GateLogin, GateVerdict } from '../gate.js'

interface Admitted {
  readonly groups: ReadonlySet<string>
  /** Groups it may reach into without belonging to them. */
  readonly foreign: ReadonlySet<string>
  readonly notAfter: number
}

export interface AdmissionGateOptions {
  crypto: Crypto
  clock: Clock
  /** Agents remembered at most; beyond it the one admitted longest ago is forgotten. */
  maxAgents: number
}

/**
 * Knows what the admissions shown to this relay say, and nothing else: an agent that was never here
 * is unknown, and a revocation arrives when the last admission runs out, an hour at most.
 */
export class AdmissionGate implements Gate {
  readonly #options: AdmissionGateOptions
  readonly #admitted = new Map<AgentId, Admitted>()
  readonly #listeners = new Set<(change: GateChange) => void>()
  #registry: AgentId | undefined

  constructor(options: AdmissionGateOptions) {
    this.#options = options
  }

  /** The key that signs admissions. Until it is known nobody can be let in. */
  trust(registry: AgentId): void {
    this.#registry = registry
  }

  get isTrusting(): boolean {
    return this.#registry !== undefined
  }

  admit(login: GateLogin): GateVerdict {
    if (!this.#registry) return { ok: false, code: 'registry-unreachable' }
    const admission = this.#read(login, this.#registry)
    if (admission?.id !== login.agent) return { ok: false, code: 'login-refused' }
    const { notAfter } = admission
    const groups = new Set(admission.groups)
    const foreign = new Set(admission.foreign)
    this.#remember(login.agent, { groups, foreign, notAfter })
    return { ok: true, groups, notAfter }
  }

  mayReach(from: AgentId, to: AgentId): boolean {
    const ours = this.#current(from)
    const theirs = this.#current(to)
    if (!ours || !theirs) return false
    // What may be asked must be answerable, so a permission counts in both directions.
    return (
      overlap(ours.groups, theirs.groups) ||
      overlap(ours.foreign, theirs.groups) ||
      overlap(theirs.foreign, ours.groups)
    )
  }

  onChange(listener: (change: GateChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #read({ admission, nowWall }: GateLogin, registry: AgentId): Admission | undefined {
    try {
      const signed = signedFromBytes(admission, maxAdmissionBytes)
      return verifyAdmission(this.#options.crypto, signed, { registry, nowWall })
    } catch (error) {
      if (isMeshError(error)) return undefined
      throw error
    }
  }

  #remember(agent: AgentId, admitted: Admitted): void {
    const isNew = !this.#admitted.delete(agent)
    if (isNew && this.#admitted.size >= this.#options.maxAgents) {
      const [oldest] = this.#admitted.keys()
      if (oldest) this.#admitted.delete(oldest)
    }
    this.#admitted.set(agent, admitted)
    for (const listener of this.#listeners) listener({ kind: 'groups', agent })
  }

  #current(agent: AgentId): Admitted | undefined {
    const admitted = this.#admitted.get(agent)
    return admitted && this.#options.clock.wall() < admitted.notAfter ? admitted : undefined
  }
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const one of a) if (b.has(one)) return true
  return false
}
