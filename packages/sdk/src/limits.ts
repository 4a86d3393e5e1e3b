/** Every bound of this package, with its reason. Times in milliseconds, sizes in bytes. */
export const limits = {
  /** What one `write` hands to the session: a few records, so that a cancel is never far behind. */
  writeSliceBytes: 64 * 1024,
  /** `bytes()`, `text()`, `json()` when the caller names no bound: more is read as a stream. */
  collectBytes: 16 * 1024 * 1024,
  /** One message of a streamed body; a larger one is read with `chunks()` or `body()`. */
  messageBytes: 16 * 1024 * 1024,
  /** Calls that run here at once: every one holds a handler and up to 64 KiB of body. */
  runningCalls: 4096,
  /** Calls of one caller that run here at once: what one session carries, a quarter of all. */
  runningCallsPerCaller: 1024,
  /** JSON of an error's details, as the session carries it (docs/protocol.md §4.2). */
  errorDetailBytes: 4 * 1024,
  /** How long a call waits for the first snapshot of the feed, and for a link (protocol.md §4). */
  startWaitMs: 10_000,

  /** First wait after a lost link: a relay that restarts is back in about that time. */
  retryFirstMs: 250,
  /** Longest wait between two attempts: what a user accepts after the network came back. */
  retryLongestMs: 15_000,
  /** Longest wait that a relay can ask for: it names up to 49 days, and others may be better. */
  relayWaitLongestMs: 60_000,
  /** A link that lived this long was a good one: the next loss starts at `retryFirstMs` again. */
  stableAfterMs: 10_000,
  /** Dial, TLS, upgrade and challenge together. */
  dialTimeoutMs: 10_000,
  /** From login to welcome: one round trip and one signature check. */
  loginTimeoutMs: 5_000,
  /** Something was sent and nothing came back for so long: ask (protocol.md §4, silent links). */
  quietAfterSendMs: 1_000,
  /** A ping unanswered for so long makes the link suspect; a second is dialled beside it. */
  suspectAfterMs: 2_000,
  /** A link that is silent for so long after a ping is given up even if nothing else came up. */
  deadAfterMs: 15_000,
  /** Heartbeat when the relay names an unusable one; keeps NAT and proxy mappings alive. */
  heartbeatMs: 25_000,
  heartbeatShortestMs: 1_000,
  heartbeatLongestMs: 60_000,
  /** Wall clock and monotonic clock apart by more: the machine slept. */
  sleepJumpMs: 3_000,
  /** How often the two clocks are compared; a wake-up is noticed within that time. */
  sleepCheckMs: 2_000,
  /** An admission is renewed when this part of its life is over (the rest is for retries). */
  renewAfter: 2 / 3,
  /** An admission with less life left is not worth a login: it would be cut off at once. */
  admissionShortestMs: 5_000,

  /** Frame of a relay: a packet of 65,535 bytes and its routing prefix. */
  relayFrameBytes: 128 * 1024,
  /** Bytes in the socket at which packets wait in our own queue instead. */
  socketHighWaterBytes: 1024 * 1024,
  /** Unread answers to pings and the like beside it; who lets so many lie is not there. */
  controlBacklogBytes: 2 * 1024 * 1024,
  /** Packets waiting for the socket; beyond it they are told to the session as congested. */
  linkQueueBytes: 4 * 1024 * 1024,
  /** How often a full socket is looked at: browsers have no event for "there is room again". */
  socketPollMs: 5,

  /** A snapshot of 10,000 cards of a few KiB each. */
  feedFrameBytes: 64 * 1024 * 1024,
  /** The feed is asked for a sign of life as often, and given up after one unanswered question. */
  feedPingMs: 10_000,
  /** Rules, cards and groups older than this answer no question any more (protocol.md §6). */
  directoryStaleMs: 24 * 60 * 60 * 1000,

  /** Receive credit and unacknowledged bytes of the whole process (protocol.md §4, memory). */
  budgetBytes: 256 * 1024 * 1024,
  /** How long the end of a member waits for its last packets to leave the socket. */
  flushMs: 1_000,
} as const
