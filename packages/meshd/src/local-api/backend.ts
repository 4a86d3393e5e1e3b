import type {
  AgentStatus,
  CallQuery,
  DaemonStatus,
  UpRequest,
  Version,
} from '@agent-mesh/api/local'
import type { Chunk } from '@agent-mesh/sdk'

/** An answer on its way from the mesh to a local program. */
export interface BackendAnswer {
  readonly type: string | undefined
  readonly meta: Readonly<Record<string, string>>
  /** Leaving the iteration early cancels the call. */
  chunks(): AsyncIterable<Chunk>
}

/** The daemon, as its local API sees it. Everything throws MeshErrors; signals reject with their reason. */
export interface Backend {
  version(): Version
  status(): DaemonStatus
  agents(): AgentStatus[]
  up(request: UpRequest, signal: AbortSignal): Promise<AgentStatus>
  /** Resolves with how many agents are left. */
  down(name: string): Promise<number>
  /** Resolves with the number of local rules now in force. */
  reloadRules(): number
  /** Begins to end the daemon, and returns at once. */
  shutdown(): void
  /** Resolves when the answer begins. */
  call(
    query: CallQuery,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BackendAnswer>
}
