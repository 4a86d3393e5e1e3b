// Every bound of the session layer, with its reason. Sizes are bytes unless the name says otherwise.

/** The plaintext of one packet: large enough that sealing is cheap per byte, small enough that a
 * stream waits for one record of another at most. */
export const maxRecordBytes = 16_384

/** A call's or answer's header. */
export const maxHeaderBytes = 8_192

/** The JSON detail of a reset. */
export const maxDetailBytes = 4_096

/** The smallest packet size a link may announce: below it a header's record could not travel. */
export const minLinkPacketBytes = 12_288

/** What a stream may send before it hears of more: it belongs to the stream alone. */
export const streamCreditBytes = 65_536

/** What a session may send before it hears of more: the first call's bytes ride in message 3. */
export const sessionCreditBytes = 16_384

/** What every data frame costs besides its bytes: a queued chunk is never free to hold, so that
 * a stream of empty messages is bounded too. */
export const frameCostBytes = 64

/** Counters of one key; receivers hold two epochs, so the window has to be smaller. */
export const epochPackets = 65_536

export interface SessionLimits {
  /** Counters above the cumulative acknowledgement that a receiver takes; below an epoch. */
  readonly windowPackets: number
  /** Calls open at a time that one side of a session began. Later ones wait for a place. */
  readonly maxStreams: number
  /** Sessions of an Endpoint: 2 KiB each when idle. The longest idle goes first. */
  readonly maxSessions: number
  /** Idle sessions that keep their prepared keys, about 2 KiB more each. */
  readonly maxWarmSessions: number
  /** Sessions with one peer: the current one and those that drain. */
  readonly maxSessionsPerPeer: number
  /** Handshakes begun by strangers: anybody in the group may begin one, so few and short-lived. */
  readonly maxHalfOpen: number
  readonly maxHalfOpenPerPeer: number
  /** Records held until a gap before them fills. More are dropped, and sent again by the peer. */
  readonly maxReorderBytes: number
  /** A stream's window once its reader proved to keep up. */
  readonly maxStreamWindowBytes: number
  /** `write` says no above this; it still takes the bytes. */
  readonly sendQueueBytes: number
  /** First, smallest and largest congestion window. */
  readonly congestionBytes: number
  readonly minCongestionBytes: number
  readonly maxCongestionBytes: number
  /** Call ids kept per caller (running, or answered and unacknowledged) before 'busy'. */
  readonly maxCallsPerPeer: number
  /** An acknowledgement waits this long for company, this many packets or bytes. */
  readonly ackDelayMs: number
  readonly ackPackets: number
  readonly ackBytes: number
  readonly minResendMs: number
  readonly maxResendMs: number
  /** Handshake packets are sent again after this, then twice this, …, up to the last resend. */
  readonly handshakeResendMs: number
  readonly maxHandshakeResendMs: number
  /** A handshake without an answer ends after this; one that a stranger began after the second. */
  readonly handshakeMs: number
  readonly halfOpenMs: number
  /** The smaller id waits this long for message 2 before it answers the other's message 1. */
  readonly simultaneousOpenMs: number
  /** A session unheard of for longer is asked whether it lives before a new call is put into it:
   * the peer may have restarted, and a call sent to a dead process ends 'interrupted'. */
  readonly freshMs: number
  /** With calls open and nothing heard for this long the peer is asked whether it lives. */
  readonly keepAliveMs: number
  /** Unacknowledged data and nothing heard for this long: another link is tried. */
  readonly silentLinkMs: number
  /** A link heard of within this is alive without a probe. */
  readonly heardLinkMs: number
  /** How long a call without a deadline outlives a peer that is offline or silent. */
  readonly patienceMs: number
  /** How long a new call waits for a link of our own. */
  readonly linkWaitMs: number
  /** A session older than this is replaced at the next use. */
  readonly sessionUseMs: number
  /** A replaced session, and one with unacknowledged answers, ends after this. */
  readonly drainMs: number
  /** A replaced session with nothing open stays for this, for what is still on its way. */
  readonly lingerMs: number
  /** no-session answers to one peer are at least this far apart. */
  readonly noSessionMs: number
  /** Peers whose last no-session is remembered. */
  readonly maxNoSessionPeers: number
  /** How often a call moves to another session before it ends 'interrupted'. */
  readonly maxMoves: number
}

const kibibyte = 1_024
const mebibyte = 1_024 * kibibyte
const hourMs = 3_600_000

export const sessionLimits: SessionLimits = {
  windowPackets: 8_192,
  maxStreams: 1_024,
  maxSessions: 10_000,
  maxWarmSessions: 256,
  maxSessionsPerPeer: 4,
  maxHalfOpen: 1_024,
  maxHalfOpenPerPeer: 4,
  maxReorderBytes: mebibyte,
  maxStreamWindowBytes: 2 * mebibyte,
  sendQueueBytes: 256 * kibibyte,
  congestionBytes: 256 * kibibyte,
  minCongestionBytes: 32 * kibibyte,
  maxCongestionBytes: 8 * mebibyte,
  maxCallsPerPeer: 4_096,
  ackDelayMs: 20,
  ackPackets: 16,
  ackBytes: 64 * kibibyte,
  minResendMs: 1_000,
  maxResendMs: 15_000,
  handshakeResendMs: 500,
  maxHandshakeResendMs: 8_000,
  handshakeMs: 30_000,
  halfOpenMs: 10_000,
  simultaneousOpenMs: 1_000,
  freshMs: 500,
  keepAliveMs: 3_000,
  silentLinkMs: 2_000,
  heardLinkMs: 500,
  patienceMs: 60_000,
  linkWaitMs: 10_000,
  sessionUseMs: hourMs,
  drainMs: 24 * hourMs,
  lingerMs: 30_000,
  noSessionMs: 1_000,
  maxNoSessionPeers: 4_096,
  maxMoves: 3,
}

/** The budget's default size, process wide. */
export const budgetBytes = 256 * mebibyte
