import type { Crypto } from '../crypto.js'
import type { ErrorCode } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import type { Receptionist } from './arrivals.js'
import type { Budget } from './budget.js'
import type { Calls } from './calls.js'
import type { Effect } from './effects.js'
import type { Indices } from './indices.js'
import type { SessionLimits } from './limits.js'
import type { Links } from './links.js'
import type { Peer } from './peer.js'
import type { Session } from './session.js'
import type { Stream, StreamOptions } from './stream.js'

/** What all machines of one Endpoint share. */
export interface Commons {
  readonly keypair: Keypair
  readonly crypto: Crypto
  /** 16 bytes: which process (and Endpoint) this is. */
  readonly incarnation: Uint8Array
  /** The same in base64url, as call headers have it. */
  readonly incarnationText: string
  readonly limits: SessionLimits
  readonly budget: Budget
  readonly links: Links
  readonly calls: Calls
  /** Handshakes that strangers began, the oldest first, each with how to drop it. */
  readonly halfOpen: Map<object, () => void>
  /** Lets calls of peers in. */
  readonly welcome: Receptionist
  /** Time of the input that is being handled. */
  readonly now: number
  mayTalk(peer: AgentId): boolean
  emit(effect: Effect): void
  /** Something to send, or a deadline that may have changed: looked at in the next drain. */
  touch(session: Session): void
  /** The same for a peer; one of which nothing is left is forgotten then. */
  touchPeer(peer: Peer): void
  readonly indices: Indices
  /** Whether `admitSession` would do it. */
  hasRoomForSession(peer: Peer): boolean
  /**
   * Makes room for one more session by evicting the longest idle one; false where all are busy.
   * One that stands beside another of the same peer has a little more room.
   */
  admitSession(peer: Peer): boolean
  /** The session takes over the index it was negotiated under. */
  sessionOpened(session: Session, peer: Peer): void
  sessionClosed(session: Session): void
  /** Idle sessions are kept in order, the longest idle first. */
  sessionIdle(session: Session, isIdle: boolean): void
  newStream(options: Pick<StreamOptions, 'peer' | 'role' | 'header'>): Stream
  /** Says 'reset' and 'closed'; the stream was taken out of its session before. */
  fail(stream: Stream, code: ErrorCode, cause?: unknown): void
  /** Gives back what it holds; says 'closed'. */
  streamClosed(stream: Stream): void
}
