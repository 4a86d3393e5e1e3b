import { type AgentView, type RegistryClient, registerAgent } from '@agent-mesh/api'
import { isMeshError, type Keypair, signCard } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { cardOf } from './view.js'

export interface Wanted {
  readonly name: string
  /** Undefined: those of the registered card stay. */
  readonly capabilities: readonly string[] | undefined
  readonly description: string | undefined
}

export interface Registered {
  readonly agent: AgentView
  readonly capabilities: readonly string[]
  readonly isChanged: boolean
}

/**
 * Registers the agent or updates its card, and proves that the key is at hand. A card that says
 * what is wanted already is left as it is.
 */
export async function register(
  registry: RegistryClient,
  keypair: Keypair,
  wanted: Wanted,
  { signal }: { signal: AbortSignal },
): Promise<Registered> {
  const [known, { relays }] = await Promise.all([
    findAgent(registry, keypair.id, signal),
    registry.registry(undefined, { signal }),
  ])
  const before = known === undefined ? undefined : cardOf(known)
  const described = new Map(before?.capabilities.map((one) => [one.name, one]))
  const names = wanted.capabilities ?? [...described.keys()]
  const description = wanted.description ?? before?.description
  const statement = {
    name: wanted.name,
    capabilities: names.map((name) => described.get(name) ?? { name }),
    relays,
    ...(description === undefined ? {} : { description }),
    ...(before?.presence === undefined ? {} : { presence: before.presence }),
  }
  if (known !== undefined && before !== undefined) {
    const { id: _id, sequence: _sequence, signed: _signed, ...said } = before
    if (saysTheSame({ v: 1, ...statement }, said)) {
      return { agent: known, capabilities: names, isChanged: false }
    }
  }
  const card = signCard(keypair, { ...statement, sequence: (known?.sequence ?? 0) + 1 })
  const agent = await registerAgent(registry, { keypair, card, crypto: nodeCrypto }, { signal })
  return { agent, capabilities: names, isChanged: true }
}

async function findAgent(
  registry: RegistryClient,
  id: string,
  signal: AbortSignal,
): Promise<AgentView | undefined> {
  try {
    return await registry.agent({ params: { id } }, { signal })
  } catch (error) {
    if (isMeshError(error) && ['unknown-agent', 'not-found'].includes(error.code)) return undefined
    throw error
  }
}

function saysTheSame(a: object, b: object): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
