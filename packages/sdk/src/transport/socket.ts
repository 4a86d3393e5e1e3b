/** Why a socket ended. `detail` is for people: a close code, or what the platform said. */
export interface SocketClosed {
  readonly code: number
  readonly detail: string
}

/**
 * What the driver of a protocol hears from its socket. Called in order, never after `close`,
 * and `close` is called exactly once.
 */
export interface SocketEvents {
  open(): void
  /** The buffer belongs to the listener. Text frames arrive as strings. */
  message(data: Uint8Array | string): void
  close(closed: SocketClosed): void
}

/**
 * The little of a WebSocket that links and feeds need. Frames written before `open` are dropped;
 * frames written in one tick leave together where the platform allows it.
 */
export interface WebSocketLike {
  send(data: Uint8Array | string): void
  /** Bytes taken by `send` that have not reached the kernel (or the browser's network process). */
  readonly bufferedBytes: number
  /** Says goodbye and ends; `close` follows. Calling it twice is fine. */
  close(code?: number, reason?: string): void
  /** Ends at once, without the closing handshake: for a peer that no longer answers. */
  terminate(): void
}

export interface DialOptions {
  /** Certificate authority in PEM, for servers with a private one. Only where Node dials. */
  readonly ca?: string
  /** The largest frame that is accepted; a larger one closes the socket. */
  readonly maxFrameBytes: number
}

/** Opens a WebSocket. Never throws for a bad network: that is a `close` event. */
export type Dial = (
  url: string,
  protocols: readonly string[],
  events: SocketEvents,
  options: DialOptions,
) => WebSocketLike
