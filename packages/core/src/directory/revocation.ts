import { toBase64url } from '../bytes.js'
import { type AgentId, x25519Of } from '../identity/agent-id.js'

/**
 * The agents that were revoked; revocation is final, so nothing is ever taken out. Keyed by the
 * X25519 form: A and −A are two ids with one Noise key, and fall together.
 */
export class RevocationSet {
  readonly #forms = new Set<string>()

  constructor(ids: Iterable<AgentId> = []) {
    for (const id of ids) this.add(id)
  }

  /** How many keys are revoked; ±A count once. */
  get size(): number {
    return this.#forms.size
  }

  /** False where the key was revoked before. */
  add(id: AgentId): boolean {
    const form = formOf(id)
    if (this.#forms.has(form)) return false
    this.#forms.add(form)
    return true
  }

  has(id: AgentId): boolean {
    return this.#forms.size > 0 && this.#forms.has(formOf(id))
  }
}

function formOf(id: AgentId): string {
  return toBase64url(x25519Of(id))
}
