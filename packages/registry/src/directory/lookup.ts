import { isAgentId, MeshError, shortId } from '@agent-mesh/core'
import type { StoredAgent, StoreReader } from '../store/store.js'

const minPrefixLength = 6

/**
 * The agent that `target` names within `groups`: an id, a name, or a unique id prefix of at least
 * six characters. What is in another group is unknown.
 *
 * @throws MeshError `unknown-agent` · `ambiguous`, with `details.candidates`
 */
export function findTarget(
  store: StoreReader,
  target: string,
  groups: readonly string[],
): StoredAgent {
  const candidates = candidatesFor(store, target, groups)
  const [only, second] = candidates
  if (only === undefined) {
    throw new MeshError('unknown-agent', `no agent in view is called ${target}`, {
      details: { target },
    })
  }
  if (second !== undefined) {
    // A name that looks like the beginning of someone's id must not stand for that agent, nor
    // the other way round: whoever asks says which one is meant.
    throw new MeshError('ambiguous', `${target} fits ${candidates.map(describe).join(' and ')}`, {
      details: {
        target,
        candidates: candidates.map(({ id, name, group }) => ({ id, name, group })),
      },
    })
  }
  return only
}

function candidatesFor(
  store: StoreReader,
  target: string,
  groups: readonly string[],
): readonly StoredAgent[] {
  if (isAgentId(target)) {
    const agent = store.agents.byId(target)
    return agent !== undefined && groups.includes(agent.group) ? [agent] : []
  }
  const named = store.agents.named(target, groups)
  const isPrefix = target.length >= minPrefixLength && /^[A-Za-z0-9_-]+$/.test(target)
  const prefixed = isPrefix ? store.agents.withPrefix(target, groups) : []
  const others = prefixed.filter(({ id }) => !named.some((agent) => agent.id === id))
  return [...named, ...others]
}

function describe({ name, id }: StoredAgent): string {
  return `${name} (${shortId(id)})`
}
