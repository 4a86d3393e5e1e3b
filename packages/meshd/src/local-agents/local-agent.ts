import type { Chunk } from '@agent-mesh/sdk'

/** A call that was authenticated and allowed, on its way to the program that answers it. */
export interface LocalAgentCall {
  readonly id: string
  readonly caller: string
  readonly callerName?: string
  readonly capability: string
  readonly attempt: number
  readonly type?: string
  /** Milliseconds left. */
  readonly deadlineMs?: number
  /** W3C `traceparent` as the caller gave it. */
  readonly trace?: string
  /** Read at most once; leaving it early means that no more of it is wanted. */
  readonly body: AsyncIterable<Uint8Array>
  /** Aborted when the caller cancels, its deadline passes, or the daemon ends. */
  readonly signal: AbortSignal
}

export interface LocalAgentAnswer {
  readonly type?: string
  /** Ends when the answer is complete; a failure on the way is thrown from it. */
  readonly body: AsyncIterable<Chunk>
}

/** Whatever answers an agent's calls on this machine. */
export interface LocalAgent {
  /**
   * Resolves when the answer begins.
   * @throws MeshError 'handler-failed' with details of at most 4 KiB, or 'busy'
   */
  answer(call: LocalAgentCall): Promise<LocalAgentAnswer>
}
