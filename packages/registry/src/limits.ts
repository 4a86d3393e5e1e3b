/** Every bound of the registry, with its reason. */
export const limits = {
  /** A card of 64 KiB in base64url with its frame around it; every other body is far smaller. */
  bodyBytes: 96 * 1024,
  /** A one-time code is typed within minutes; an hour covers a coffee. */
  loginCodeMs: 60 * 60_000,
  /** Codes that may be open at once; making one more forgets the oldest. */
  loginCodes: 8,
  /** A week between logins on a machine that registers agents; agents themselves need no token. */
  tokenMs: 7 * 24 * 60 * 60_000,
  /** Tokens of one person that are valid at once; a further login forgets the oldest. */
  tokensPerPerson: 100,
  /** Guesses at a login code. 39 bits against 1,200 an hour: one chance in 450 million. */
  guessWindowMs: 10 * 60_000,
  guessesPerAddress: 10,
  guessesInTotal: 200,
  /** Addresses whose guesses are remembered; when full, the oldest is forgotten. */
  guessAddresses: 10_000,
  /** A nonce lives as long as a slow machine needs to sign and answer. */
  nonceMs: 5 * 60_000,
  /** Used nonces remembered until they expire: 300 signed requests a second, 24 bytes each. */
  usedNonces: 100_000,
  /** One daemon's agent needs one an hour, and a few when it starts or looks others up. */
  usedNoncesPerAgent: 1_000,
  /** core's bound: an admission outlives a revocation elsewhere by at most this. */
  admissionMs: 60 * 60_000,
  /** Clocks of registry and relay may differ by this much. */
  clockSkewMs: 30_000,
  /** Pages of agents: what is asked for when nothing is said. */
  pageLength: 50,
  /** Words of one search; each costs one scan of the text. */
  searchWords: 8,
  /** Agents of a group. A snapshot holds all of them: at 2 KB a card, 20 MB. */
  agents: 10_000,
  /** Rules of a group; every daemon holds and evaluates all of them. */
  rules: 10_000,
  /** Followers at once; each is one socket and a few kilobytes. */
  followers: 10_000,
  followersPerAddress: 1_000,
  /** Agents of one daemon on one connection. */
  agentsPerFollower: 1_000,
  /** Agents a connection may name in vain; each costs the check of a signature. */
  refusalsPerFollower: 16,
  /** A follower says hello with its first message; anything slower is not a daemon. */
  helloMs: 10_000,
  /** 1,000 agents with their signatures are 150 KB. */
  feedMessageBytes: 256 * 1024,
  /** Pieces of one message, as the network and as WebSocket cut it; each costs an object. */
  feedMessageChunks: 1_024,
  feedMessageFragments: 16,
  /** A hello, and a ping of a client that checks the line first. */
  messagesBeforeHello: 8,
  /** Between two heartbeats: an acknowledgement of every change, and of many of them at once. */
  messagesPerHeartbeat: 20_000,
  /** Answered pings that were not read yet; who asks and does not listen is cut. */
  unreadPongs: 16,
  /** Changes a follower has not acknowledged yet; then it is cut and gets a snapshot later. */
  unacknowledgedBytes: 4 * 1024 * 1024,
  unacknowledgedMessages: 1_000,
  /** A snapshot may be large and the line slow. */
  snapshotMs: 60_000,
  /** Two heartbeats without an answer and a follower counts as gone. */
  heartbeatMs: 10_000,
  /** For the closing handshake when the registry stops; then sockets are cut. */
  goodbyeMs: 1_000,
  /** How long a change of rules waits for acknowledgements before it answers. */
  spreadMs: 5_000,
} as const
