import type { AgentId } from '../identity/agent-id.js'
import type { LinkId } from './effects.js'
import type { DataFrame } from './frames.js'
import type { Session } from './session.js'
import type { Stream } from './stream.js'

/** What a session tells the peer it belongs to. */
export interface SessionOwner {
  /** An authentic packet came. */
  heard(session: Session): void
  probed(session: Session, frame: DataFrame & { kind: 'session-probe' }): void
  probeAnswered(frame: DataFrame & { kind: 'session-status' }): void
  /** The peer forgot the session, by its own word. */
  saidGoodbye(session: Session): void
  /** The peer broke the protocol. */
  failed(session: Session, reason: Error): void
  /** The session is older than it may get. */
  expired(session: Session): void
  /** Others need its place; it is idle. */
  evicted(session: Session): void
}

export interface SessionOptions {
  readonly owner: SessionOwner
  readonly peer: AgentId
  readonly isInitiator: boolean
  readonly localIndex: number
  readonly remoteIndex: number
  readonly incarnation: Uint8Array
  readonly link: LinkId
}

/** Message 3, kept verbatim until the first packet back. */
export interface Early {
  readonly packet: Uint8Array
  readonly record: Uint8Array
  readonly finals: readonly Stream[]
  resendAt: number
  waitMs: number
}
