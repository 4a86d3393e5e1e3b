import type { DaemonStatus } from '@agent-mesh/api/local'
import { Agent, type FaultyAgent } from './agent.js'
import { version } from './version.js'

interface StatusFacts {
  readonly home: string
  readonly uptimeMs: number
  readonly followRegistry: boolean
  readonly agents: readonly (Agent | FaultyAgent)[]
}

type ServerFacts = DaemonStatus['servers'][number]

/** `status --json` (contract.md), with what the table shows besides. */
export function daemonStatus({
  home,
  uptimeMs,
  followRegistry,
  agents,
}: StatusFacts): DaemonStatus {
  const servers = serversOf(agents)
  const [first] = servers
  return {
    daemon: { pid: process.pid, version, uptimeMs: Math.round(uptimeMs), home, followRegistry },
    server: first ? { url: first.url, state: first.state } : { url: null, state: 'none' },
    servers,
    agents: agents.map((agent) => agent.status),
  }
}

/** Each server once, as the agent that stands best with it sees it. */
function serversOf(agents: readonly (Agent | FaultyAgent)[]): ServerFacts[] {
  const best = new Map<string, ServerFacts>()
  for (const agent of agents) {
    const facts = serverFacts(agent)
    const known = best.get(facts.url)
    if (known === undefined || rank(facts) < rank(known)) best.set(facts.url, facts)
  }
  return [...best.values()]
}

function serverFacts(agent: Agent | FaultyAgent): ServerFacts {
  const url = agent.record.server
  if (!(agent instanceof Agent)) {
    return { url, state: 'unreachable', rules: 0, sequence: null, ageMs: null }
  }
  const { directory, status } = agent.member
  const known = status.feed.ageMs !== undefined
  return {
    url,
    state: feedState(status.feed.state, status.state),
    rules: directory.rules().length,
    sequence: known ? status.feed.sequence : null,
    ageMs: status.feed.ageMs ?? null,
  }
}

const order: readonly ServerFacts['state'][] = ['connected', 'connecting', 'unreachable']

function rank({ state }: ServerFacts): number {
  return order.indexOf(state)
}

function feedState(
  feed: Agent['member']['status']['feed']['state'],
  agent: string,
): ServerFacts['state'] {
  if (feed === 'current') return 'connected'
  return feed === 'connecting' && agent === 'connecting' ? 'connecting' : 'unreachable'
}
