/**
 * The frames between a client and its relay: one binary WebSocket message each, the type in the
 * first byte (docs/protocol.md §3; integers big-endian).
 *
 *    1 challenge      relay   nonce 32 ‖ maxPacket u32 ‖ maxFramesPerSecond u32 ‖ heartbeatMs u32
 *    2 login          client  agent 32 ‖ clientNonce 32 ‖ instance 16 ‖ origin ‖ admission ‖ signature 64
 *    3 welcome        relay   epoch u64 ‖ serverTimeMs u64
 *    4 refused        relay   code u8 ‖ retryAfterMs u32
 *    5 send           client  to 32 ‖ packet
 *    6 packet         relay   from 32 ‖ packet
 *    7 undeliverable  relay   to 32 ‖ reason u8 ‖ first u64 ‖ count u32 ‖ retryAfterMs u32
 *    8 throttled      relay   ms u32
 *    9 draining       relay   ms u32 ‖ count u8 ‖ count × (u16 length ‖ URL)
 *   10 replaced       relay   –
 *   11 ping           either  token u64
 *   12 pong           either  token u64
 *   13 renew          client  admission
 *
 * origin = u16 length ‖ UTF-8; admission = u16 length ‖ JSON ‖ signature 64.
 * Agents stand here as their 32 raw bytes: checking that they are a point on the curve costs more
 * than forwarding a packet, so whoever meets a stranger's bytes parses them once and remembers.
 */
export const frameType = {
  challenge: 1,
  login: 2,
  welcome: 3,
  refused: 4,
  send: 5,
  packet: 6,
  undeliverable: 7,
  throttled: 8,
  draining: 9,
  replaced: 10,
  ping: 11,
  pong: 12,
  renew: 13,
} as const

/** Numbers on the wire; a number that is not listed is refused. */
export const refusalCode = {
  'login-refused': 1,
  revoked: 2,
  'registry-unreachable': 3,
  busy: 4,
  invalid: 5,
} as const
export type RefusalCode = keyof typeof refusalCode

export const undeliverableReason = {
  unreachable: 1,
  offline: 2,
  congested: 3,
  'too-large': 4,
} as const
export type UndeliverableReason = keyof typeof undeliverableReason

export interface ChallengeFrame {
  kind: 'challenge'
  /** 32 bytes, fresh for every connection. */
  nonce: Uint8Array
  /** Longest packet this relay carries, in bytes, without the routing prefix. */
  maxPacket: number
  maxFramesPerSecond: number
  /** A side that heard nothing for this long sends `ping`; twice as long means the link is dead. */
  heartbeatMs: number
}

export interface LoginFrame {
  kind: 'login'
  agent: Uint8Array
  clientNonce: Uint8Array
  /** 16 bytes, random per process. */
  instance: Uint8Array
  /** The WebSocket origin the client dialled. */
  origin: string
  /** The admission as a signed document in its binary form; `noAdmission` where none is required. */
  admission: Uint8Array
  signature: Uint8Array
}

export interface WelcomeFrame {
  kind: 'welcome'
  /** Increases with every connection the relay accepts, across its restarts. */
  epoch: number
  serverTimeMs: number
}

export interface RefusedFrame {
  kind: 'refused'
  code: RefusalCode
  retryAfterMs: number
}

export interface SendFrame {
  kind: 'send'
  to: Uint8Array
  packet: Uint8Array
}

export interface PacketFrame {
  kind: 'packet'
  from: Uint8Array
  packet: Uint8Array
}

export interface UndeliverableFrame {
  kind: 'undeliverable'
  to: Uint8Array
  reason: UndeliverableReason
  /** Number of the first of `count` consecutive `send` frames of this connection, from 0. */
  first: number
  count: number
  retryAfterMs: number
}

export interface ThrottledFrame {
  kind: 'throttled'
  ms: number
}

export interface DrainingFrame {
  kind: 'draining'
  ms: number
  /** Where to go instead; empty: come back here later. */
  relays: string[]
}

export interface ReplacedFrame {
  kind: 'replaced'
}

export interface PingFrame {
  kind: 'ping'
  token: bigint
}

export interface PongFrame {
  kind: 'pong'
  /** The token of the ping that it answers. */
  token: bigint
}

export interface RenewFrame {
  kind: 'renew'
  admission: Uint8Array
}

/** What a client sends. */
export type ClientFrame = LoginFrame | SendFrame | PingFrame | PongFrame | RenewFrame

/** What a relay sends. */
export type RelayFrame =
  | ChallengeFrame
  | WelcomeFrame
  | RefusedFrame
  | PacketFrame
  | UndeliverableFrame
  | ThrottledFrame
  | DrainingFrame
  | ReplacedFrame
  | PingFrame
  | PongFrame

export type Frame = ClientFrame | RelayFrame

/** WebSocket subprotocol and path (docs/protocol.md §3). */
export const relaySubprotocol = 'agent-mesh.v1'
export const relayPath = '/relay/ws'

/** Type byte and agent id in front of the packet, in `send` and `packet` alike. */
export const routingPrefixBytes = 33

/** The empty admission: for relays that admit a configured list of agents. */
export const noAdmission: Uint8Array = new Uint8Array(2 + 64)

/**
 * Turns a `send` into the `packet` its receiver gets, in the same bytes. The caller owns `frame`
 * and has seen that it is a `send` of at least `routingPrefixBytes`.
 */
export function rewriteSend(frame: Uint8Array, from: Uint8Array): void {
  frame[0] = frameType.packet
  frame.set(from, 1)
}
