import type { ErrorCode } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Budget } from './budget.js'
import type { StreamId } from './effects.js'
import type { AnswerHeader, CallHeader } from './headers.js'
import type { SessionLimits } from './limits.js'
import { Receiving } from './receiving.js'
import { Sending } from './sending.js'
import type { Streams } from './streams.js'

export interface StreamOptions {
  readonly handle: StreamId
  readonly peer: AgentId
  readonly role: 'caller' | 'callee'
  readonly header: CallHeader
  readonly budget: Budget
  readonly limits: SessionLimits
  readonly now: number
}

/** One call at one of its ends. It may move from session to session; its handle stays. */
export class Stream {
  readonly handle: StreamId
  readonly peer: AgentId
  readonly role: 'caller' | 'callee'
  readonly header: CallHeader
  readonly openedAt: number
  readonly sending = new Sending()
  readonly receiving: Receiving
  /** The session's streams it is among; undefined while it waits for a session. */
  home: Streams | undefined
  /** Its number on the wire, within `home`. */
  number = 0
  /** Number of the packet with its first frame; −1 for message 3; undefined if none was sealed. */
  firstPacket: number | undefined
  /** The answer's header, once it is known at either end. */
  answer: AnswerHeader | undefined
  /** Since when it waits for a session. */
  waitsSince: number
  /** It waits since before there was a link, and this is what it would fail with now. */
  waitedForLink: 'offline' | 'unreachable' | undefined
  /** How often it moved to another session. */
  moves = 0
  /** The last frame of this direction waits for a record; was sealed; is acknowledged. */
  isEndOffered = false
  isEndSealed = false
  isEndAcknowledged = false
  /** Whether it counts among the open streams of its session. */
  holdsPlace = false
  /** Whether the session's credit covers what it may still receive. */
  isAllowedFor = false
  /** Both directions were given up; only the reset's acknowledgement is awaited. */
  resetCode: ErrorCode | undefined
  /** The application may no longer name it. */
  isClosed = false

  constructor(options: StreamOptions) {
    this.handle = options.handle
    this.peer = options.peer
    this.role = options.role
    this.header = options.header
    this.openedAt = options.now
    this.waitsSince = options.now
    this.receiving = new Receiving(options.budget, options.limits.maxStreamWindowBytes)
  }

  /** Whether the peer may have heard of it. */
  get wasSent(): boolean {
    return this.firstPacket !== undefined
  }

  /** Without a deadline of its own, it ends when the peer has been away for too long. */
  get hasDeadline(): boolean {
    return this.header.deadline !== undefined
  }
}
