import type { ErrorCode, UndeliverableReason } from '@agent-mesh/core'

/** One socket of the link; a number in text, never used twice. Also the session's `LinkId`. */
export type ConnectionId = string

/** What the relay link asks of its driver. To be carried out in order. */
export type LinkEffect =
  | { readonly kind: 'dial'; readonly connection: ConnectionId; readonly url: string }
  | { readonly kind: 'write'; readonly connection: ConnectionId; readonly frame: Uint8Array }
  /** End the socket; `abruptly` when nobody would answer a goodbye. No `closed` is expected. */
  | { readonly kind: 'hang-up'; readonly connection: ConnectionId; readonly abruptly: boolean }
  /** Packets may be written from now on, behind what was written before. */
  | { readonly kind: 'up'; readonly connection: ConnectionId; readonly maxPacket: number }
  | { readonly kind: 'down'; readonly connection: ConnectionId }
  | {
      readonly kind: 'packet'
      readonly connection: ConnectionId
      readonly from: Uint8Array
      readonly packet: Uint8Array
    }
  | {
      readonly kind: 'undeliverable'
      readonly connection: ConnectionId
      readonly to: Uint8Array
      readonly reason: UndeliverableReason
      readonly count: number
      readonly retryAfterMs: number
    }
  | { readonly kind: 'fetch-admission' }
  /** The link is in another state than before; see `RelayLink.status`. */
  | { readonly kind: 'status' }

/** Why the link is not live, for people and for status. */
export interface LinkProblem {
  readonly code: ErrorCode
  readonly message: string
}

/**
 * `connecting`: an attempt is under way. `live`. `draining`: live, but the relay is about to end.
 * `waiting`: until the next attempt. `stopped`: for good; `end` says why.
 */
export type LinkState = 'connecting' | 'live' | 'draining' | 'waiting' | 'stopped'

/** `replaced`: another process runs this agent. `left`: we ended it ourselves. */
export type LinkEnd = 'replaced' | 'revoked' | 'refused' | 'left'

export interface RelayLinkStatus {
  readonly state: LinkState
  readonly relay: string
  readonly rttMs: number | undefined
  readonly epoch: number | undefined
  /** Attempts since the link was last good. */
  readonly attempts: number
  readonly end: LinkEnd | undefined
  readonly problem: LinkProblem | undefined
}
