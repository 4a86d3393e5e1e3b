// What the agent can do: one function per capability.
import type { CallHandler } from '@agent-mesh/sdk'

export const capabilities: Record<string, CallHandler> = {
  echo: (call) => call.bytes(),

  // Every yield is one message; the caller may stop at any of them.
  countdown: async function* (call) {
    for (let i = Number(await call.text()); i > 0 && !call.signal.aborted; i--) yield `${i}`
  },
}
