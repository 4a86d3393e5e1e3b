import type { AgentId } from '@agent-mesh/core'

export type GateVerdict =
  /** `notAfter`: ms since 1970 until which the link may live without a newer admission. */
  | { ok: true; groups: ReadonlySet<string>; notAfter: number }
  | { ok: false; code: 'login-refused' | 'revoked' | 'registry-unreachable' }

export interface GateLogin {
  /** Proven: it holds its key and meant this relay. */
  agent: AgentId
  /** A signed document in its binary form (docs/protocol.md §2); `noAdmission` when it has none. */
  admission: Uint8Array
  /** Milliseconds since 1970. */
  nowWall: number
}

export interface GateChange {
  kind: 'revoked' | 'groups'
  agent: AgentId
}

/**
 * What a relay has to know about agents, and all it knows. In `server` the registry answers in the
 * same process. Every method is synchronous: nothing a stranger sends may make the relay wait.
 */
export interface Gate {
  /** Whether a proven agent may enter; asked again for every renewed admission. */
  admit(login: GateLogin): GateVerdict
  /**
   * Whether packets may pass: both are admitted, not revoked, and share a group or are permitted
   * to each other. An agent reaches itself. Unknown, foreign and revoked ids are all just false;
   * `to` may be bytes that are no key at all, spelled as an id.
   */
  mayReach(from: AgentId, to: AgentId): boolean
  /** Called synchronously after a change is in force; answers the way to unsubscribe. */
  onChange(listener: (change: GateChange) => void): () => void
}
