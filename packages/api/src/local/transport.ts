/** The one thing the local client needs from outside: HTTP to the daemon's socket. */
export type LocalTransport = (request: LocalRequest) => Promise<LocalResponse>

export interface LocalRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is taken only as fast as the daemon reads. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
  /** Aborting closes the connection, before and after the answer has begun. */
  readonly signal?: AbortSignal
}

export interface LocalResponse {
  readonly status: number
  readonly contentType: string
  /** Read at most once. Ending the iteration early closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
}
