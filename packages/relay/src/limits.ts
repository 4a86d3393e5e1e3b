import { maxPacketBytes, routingPrefixBytes } from '@agent-mesh/core'

/** Every bound of a relay. Bytes and milliseconds unless the name says otherwise. */
export interface RelayLimits {
  /** Longest packet carried; told to clients in the challenge. */
  readonly maxPacketBytes: number
  /** Longest WebSocket message read at all. What lies between the two is answered `too-large`. */
  readonly maxMessageBytes: number
  /** WebSocket fragments per message: ours never fragment, and some proxies do a little. */
  readonly maxFragments: number
  /** Pieces a message may arrive in, against one that drips in by single bytes. */
  readonly maxChunks: number

  /** Per agent. A small frame costs about 1.5 µs when many come per read: a seventh of a core. */
  readonly framesPerSecond: number
  /** What an agent may send at once before the rate counts. */
  readonly burstFrames: number

  /** From the upgrade to a valid login: three slow round trips. */
  readonly loginMs: number
  /** Half-open logins in all; a newer one ends the oldest, so a flood keeps nobody out for long. */
  readonly halfOpen: number
  /** Half-open logins per address: one daemon brings all its agents back at once. */
  readonly halfOpenPerAddress: number
  /** Logins per address that came to nothing, before the address has to wait. */
  readonly failedLogins: number
  readonly failedLoginsPerSecond: number
  /** Addresses remembered for that; beyond it the oldest is forgotten. */
  readonly addresses: number

  /** Silence after which a side pings; twice as long and the link is dead. */
  readonly heartbeatMs: number
  /** How often deadlines are looked at. */
  readonly sweepMs: number
  /** A receiver that takes nothing of its queue for this long is gone, whatever TCP believes. */
  readonly stallMs: number
  /** For the closing handshake, before the socket is cut. */
  readonly closeMs: number

  /** One connection's send-queue: many times a session's first congestion window (256 KiB). */
  readonly queueBytes: number
  /** On top, for notices and pongs: a full queue must still be able to say that it is full. */
  readonly controlBytes: number
  /** All send-queues together. */
  readonly budgetBytes: number
  /** What a queued frame costs beside its bytes: two buffers and a place in the stream's list. */
  readonly frameOverheadBytes: number

  /** Peers whose reachability a connection remembers; forgotten all at once when it is full. */
  readonly reachEntries: number

  /** When a sender may try again after `congested`: the time a queue takes to halve on a slow link. */
  readonly congestedRetryMs: number
  /** When it is worth trying again after `offline`. */
  readonly offlineRetryMs: number
  /** When a refused connection may come back after `busy`. */
  readonly busyRetryMs: number
}

export const defaultLimits: RelayLimits = {
  maxPacketBytes,
  maxMessageBytes: maxPacketBytes + routingPrefixBytes + 4_096,
  maxFragments: 16,
  maxChunks: 1_024,
  framesPerSecond: 100_000,
  burstFrames: 50_000,
  loginMs: 10_000,
  halfOpen: 2_048,
  halfOpenPerAddress: 1_024,
  failedLogins: 100,
  failedLoginsPerSecond: 5,
  addresses: 20_000,
  heartbeatMs: 15_000,
  sweepMs: 1_000,
  stallMs: 60_000,
  closeMs: 2_000,
  queueBytes: 4 * 1024 * 1024,
  controlBytes: 64 * 1024,
  budgetBytes: 256 * 1024 * 1024,
  frameOverheadBytes: 256,
  reachEntries: 1_024,
  congestedRetryMs: 100,
  offlineRetryMs: 1_000,
  busyRetryMs: 1_000,
}

/** Bounds of the process around a relay that runs alone. */
export const processLimits = {
  /** How long clients get to move on after SIGTERM; supervisors often kill after ten seconds. */
  drainMs: 5_000,
  /** A request's header: the upgrade of a browser with all its cookies. */
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  /** Sockets in all; the usual limit of open files leaves no more. */
  connections: 20_000,
  /** Pause before the registry is asked for its key again, doubling. */
  registryFirstRetryMs: 500,
  registryMaxRetryMs: 30_000,
  registryTimeoutMs: 10_000,
  /** Agents whose admission is remembered: a few hundred bytes each. */
  admittedAgents: 100_000,
} as const
