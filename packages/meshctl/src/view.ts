import type { AgentView } from '@agent-mesh/api'
import { maxCardBytes, readCard, signedFromText, verifyCard } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'

/** An agent as `show` and `discover` tell it, as `--json` too. Times are ms since the epoch. */
export interface AgentDescription {
  readonly id: string
  readonly name: string
  readonly group: string
  readonly online: boolean | null
  readonly description: string | null
  readonly capabilities: readonly { readonly name: string; readonly description: string | null }[]
  readonly registeredAt: number
  readonly lastSeenAt: number
}

/**
 * The agent in its own words: what it is said to do comes from the card it signed, not from what
 * the registry says about it.
 *
 * @throws MeshError `invalid` if the card is not signed by that agent
 */
export function describeAgent(view: AgentView): AgentDescription {
  const { id, name, group, online, registeredAt, lastSeenAt } = view
  const card = cardOf(view)
  return {
    id,
    name,
    group,
    online,
    description: card.description ?? null,
    capabilities: card.capabilities.map((capability) => ({
      name: capability.name,
      description: capability.description ?? null,
    })),
    registeredAt,
    lastSeenAt,
  }
}

/** A capability that one of them has, for an example of a call; undefined if none has any. */
export function exampleOf(
  agents: readonly AgentDescription[],
): { target: string; capability: string } | undefined {
  for (const { name, capabilities } of agents) {
    const [first] = capabilities
    if (first !== undefined) return { target: name, capability: first.name }
  }
  return undefined
}

/** The verified card of an agent. @throws MeshError `invalid` */
export function cardOf({ id, card }: AgentView) {
  const claimed = readCard(signedFromText(card, maxCardBytes))
  return verifyCard(nodeCrypto, { ...claimed, id })
}
