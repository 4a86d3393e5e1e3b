import type { AgentId } from '@agent-mesh/core'
import type { Gate, GateLogin, GateVerdict } from '../gate.js'

const groups: ReadonlySet<string> = new Set(['listed'])

/** Admits a fixed list of agents, all of one group. The list is the admission; none is shown. */
export class ListedGate implements Gate {
  readonly #agents: ReadonlySet<AgentId>

  constructor(agents: Iterable<AgentId>) {
    this.#agents = new Set(agents)
  }

  admit({ agent }: GateLogin): GateVerdict {
    if (!this.#agents.has(agent)) return { ok: false, code: 'login-refused' }
    return { ok: true, groups, notAfter: Number.MAX_SAFE_INTEGER }
  }

  mayReach(from: AgentId, to: AgentId): boolean {
    return this.#agents.has(from) && this.#agents.has(to)
  }

  /** The list never changes while the relay runs. */
  onChange(): () => void {
    return () => {}
  }
}
