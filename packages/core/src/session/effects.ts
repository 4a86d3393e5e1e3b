import type { MeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { AnswerHeader, CallHeader } from './headers.js'

/** Names one link of this process; given by the driver, never reused for another connection. */
export type LinkId = string

/** A call's handle, unique for the life of its Endpoint. Not the number on the wire. */
export type StreamId = number

/** What a link says about itself when it comes up. */
export interface LinkTerms {
  readonly id: LinkId
  /** The largest packet it carries, bytes; below 2,048 is refused. */
  readonly maxPacket: number
  /** The smaller, the better: relays of one kind share one cost. */
  readonly cost: number
}

/** A link's word that packets did not reach `to`. Unauthenticated: a hint. */
export interface UndeliverableNotice {
  readonly to: AgentId
  readonly reason: 'unreachable' | 'offline' | 'congested' | 'too-large'
  readonly count: number
  readonly retryAfterMs: number
}

/** A piece of a stream. A message may come in several. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly endOfMessage: boolean
}

/** What the driver has to do, in this order. */
export type Effect =
  /** Hand the packet to the link; if it is gone or full, drop it. */
  | {
      readonly kind: 'transmit'
      readonly to: AgentId
      readonly packet: Uint8Array
      readonly link: LinkId
    }
  /** A peer calls. Decide first, then answer and read, or reset. */
  | {
      readonly kind: 'opened'
      readonly stream: StreamId
      readonly peer: AgentId
      readonly header: CallHeader
    }
  /** The answer to our call begins. */
  | { readonly kind: 'answered'; readonly stream: StreamId; readonly header: AnswerHeader }
  /** `read` gives something again, after it gave undefined (or for the first time). */
  | { readonly kind: 'readable'; readonly stream: StreamId }
  /** There is room again, after `write` gave false. */
  | { readonly kind: 'writable'; readonly stream: StreamId }
  /** All that was written, the end included, reached the peer. */
  | { readonly kind: 'finished'; readonly stream: StreamId }
  /** The caller gave the call up, or its process is gone. 'closed' follows. */
  | { readonly kind: 'canceled'; readonly stream: StreamId }
  /** The call failed: the far side reset it, or session or peer are gone. 'closed' follows. */
  | { readonly kind: 'reset'; readonly stream: StreamId; readonly error: MeshError }
  /** Nothing more will come and the handle means nothing any more. Once for every stream. */
  | { readonly kind: 'closed'; readonly stream: StreamId }
  /** News of the session that new calls to this peer would take. */
  | {
      readonly kind: 'session'
      readonly peer: AgentId
      readonly state: 'established' | 'replaced' | 'closed'
      readonly incarnation: Uint8Array
      /** The peer's process is another one than before. */
      readonly restarted: boolean
    }

/** What is known about one peer, for status. */
export interface PeerState {
  readonly state: 'none' | 'connecting' | 'established'
  readonly sessions: number
  readonly streams: number
  readonly link?: LinkId
  /** Smoothed round trip, once measured. */
  readonly rttMs?: number
  readonly incarnation?: Uint8Array
  /** Milliseconds since an authentic packet came. */
  readonly heardAgoMs?: number
}

export interface EndpointStats {
  readonly peers: number
  readonly sessions: number
  readonly halfOpen: number
  readonly streams: number
  /** Sent and not yet acknowledged, sealed bytes. */
  readonly unacknowledgedBytes: number
  /** Received and not yet read, bytes of body; and held until a gap before them fills. */
  readonly bufferedBytes: number
}
