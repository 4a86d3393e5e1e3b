import type { AgentId } from '@agent-mesh/core'
import type { Admissions } from './directory/admissions.js'
import type { MemberChange, Members } from './directory/members.js'

export type Admittance =
  | { readonly ok: true; readonly groups: ReadonlySet<string>; readonly notAfter: number }
  | { readonly ok: false; readonly code: 'login-refused' | 'revoked' }

/** What a relay in the same process asks instead of following the feed; it has the relay's shape. */
export class RegistryGate {
  readonly #admissions: Admissions
  readonly #members: Members

  constructor(admissions: Admissions, members: Members) {
    this.#admissions = admissions
    this.#members = members
  }

  /** The document is verified, and then membership as of now decides. */
  admit(login: { agent: AgentId; admission: Uint8Array; nowWall: number }): Admittance {
    const admission = this.#admissions.read(login.admission, login.nowWall)
    if (admission?.id !== login.agent) return { ok: false, code: 'login-refused' }
    if (this.#members.isRevoked(login.agent)) return { ok: false, code: 'revoked' }
    const group = this.#members.groupOf(login.agent)
    if (group === undefined) return { ok: false, code: 'login-refused' }
    return { ok: true, groups: new Set([group]), notAfter: admission.notAfter }
  }

  /** Whether both are in one group. Unknown, foreign and revoked agents look alike. */
  mayReach(from: AgentId, to: AgentId): boolean {
    const group = this.#members.groupOf(from)
    return group !== undefined && this.#members.groupOf(to) === group
  }

  onChange(listener: (change: MemberChange) => void): () => void {
    return this.#members.onChange(listener)
  }
}
