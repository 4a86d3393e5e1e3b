import type { AgentId } from '@agent-mesh/core'
import type { Gate, GateChange, GateLogin, GateVerdict } from '../gate.js'

const oneHourMs = 3_600_000

/** A gate that is told everything: who is in which groups, and who is revoked. */
export class MemoryGate implements Gate {
  readonly #groups = new Map<AgentId, ReadonlySet<string>>()
  readonly #revoked = new Set<AgentId>()
  readonly #listeners = new Set<(change: GateChange) => void>()
  /** How long an admission lasts from the login on. */
  admissionMs = oneHourMs
  /** Whether new logins are answered `registry-unreachable`. */
  isCutOff = false

  /** Puts an agent into exactly these groups; none is as good as unknown. */
  place(agent: AgentId, ...groups: string[]): void {
    this.#groups.set(agent, new Set(groups))
    this.#tell({ kind: 'groups', agent })
  }

  revoke(agent: AgentId): void {
    this.#revoked.add(agent)
    this.#tell({ kind: 'revoked', agent })
  }

  admit(login: GateLogin): GateVerdict {
    if (this.#revoked.has(login.agent)) return { ok: false, code: 'revoked' }
    if (this.isCutOff) return { ok: false, code: 'registry-unreachable' }
    const groups = this.#groups.get(login.agent)
    if (!groups || groups.size === 0) return { ok: false, code: 'login-refused' }
    return { ok: true, groups, notAfter: login.nowWall + this.admissionMs }
  }

  mayReach(from: AgentId, to: AgentId): boolean {
    const theirs = this.#revoked.has(to) ? undefined : this.#groups.get(to)
    const ours = this.#revoked.has(from) ? undefined : this.#groups.get(from)
    if (!ours || !theirs) return false
    for (const group of ours) if (theirs.has(group)) return true
    return false
  }

  onChange(listener: (change: GateChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** How many listen; a relay that was disposed is none of them. */
  get listeners(): number {
    return this.#listeners.size
  }

  #tell(change: GateChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}
