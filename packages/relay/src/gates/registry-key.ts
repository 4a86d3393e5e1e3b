import type { RegistryClient } from '@agent-mesh/api'
import { type AgentId, asMeshError, type MeshError, parseAgentId } from '@agent-mesh/core'

export interface RegistryKeyOptions {
  client: Pick<RegistryClient, 'registry'>
  /** The registry's admission key, once. */
  found(key: AgentId): void
  /** It did not answer; the next try is in `retryMs`. */
  failed(error: MeshError, retryMs: number): void
  firstRetryMs: number
  maxRetryMs: number
  /** For one try. */
  timeoutMs: number
}

/** Asks the registry for its admission key until it answers. A relay may start before it does. */
export async function learnRegistryKey(
  options: RegistryKeyOptions,
  signal: AbortSignal,
): Promise<void> {
  let retryMs = options.firstRetryMs
  while (!signal.aborted) {
    const oneTry = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])
    try {
      const { admissionKey } = await options.client.registry({}, { signal: oneTry })
      options.found(parseAgentId(admissionKey))
      return
    } catch (error) {
      if (signal.aborted) return
      options.failed(asMeshError(error), retryMs)
      await pause(retryMs, signal)
      retryMs = Math.min(2 * retryMs, options.maxRetryMs)
    }
  }
}

/** Ends early, without a word, when the signal says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
