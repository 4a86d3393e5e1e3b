import { type AgentId, relayOrigin, relayPath } from '@agent-mesh/core'
import type { Handlers } from '../app.js'

export interface RegistryFacts {
  readonly name: string
  readonly version: string
  readonly admissionKey: AgentId
  /** The http(s) origins this server answers to. */
  readonly origins: readonly string[]
  /** Whether a relay serves at the same origins. */
  readonly hasRelay: boolean
}

export function registryRoute(facts: RegistryFacts): Pick<Handlers, 'registry'> {
  const { name, version, admissionKey, origins, hasRelay } = facts
  return {
    registry({ host }) {
      // A server may have a name inside and one outside; whoever asks by one can reach that one.
      const own = origins.filter((origin) => new URL(origin).host === host)
      const reachable = hasRelay ? (own.length > 0 ? own : origins) : []
      const relays = reachable.map((origin) => relayOrigin(origin) + relayPath)
      return { name, version, protocol: 1, admissionKey, relays, origins: [...origins] }
    },
  }
}
