/** Every bound of the process, with its reason. */
export const limits = {
  /** Headers: a token, a content type and what proxies add. */
  headerBytes: 16 * 1024,
  /** Who sends headers or a body slower than this is holding a socket, not making a request. */
  headersMs: 10_000,
  requestMs: 30_000,
  /** How often the two above are looked at. */
  checkMs: 2_000,
  /** Longer than a proxy in front keeps its own, so that it never writes to a closing socket. */
  keepAliveMs: 65_000,
  /** A socket on which nothing moves. Beyond the keep-alive time, for slow readers of answers. */
  idleMs: 90_000,
  tlsHandshakeMs: 10_000,
  /** File descriptors are finite: 10,000 agents with a link and a feed each. */
  connections: 20_000,
  /** One address may be a proxy or a lab, but not everybody. */
  connectionsPerAddress: 5_000,
  /** For links to finish what is in flight when the server stops. */
  drainMs: 1_000,
  /** For answers under way when the server stops. A rule's may wait for its followers. */
  answersMs: 1_000,
  /** The end, whatever still hangs. */
  stopMs: 10_000,
} as const
