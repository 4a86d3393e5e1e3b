import { MeshError } from '@agent-mesh/core'
import type { Events } from './events.js'
import type { Backend } from './local-api/backend.js'
import { callOut } from './outbound.js'
import type { Policy } from './policy.js'
import type { Roster } from './roster.js'
import { daemonStatus } from './status.js'
import { protocol, version } from './version.js'

interface BackendOptions {
  readonly home: string
  /** By performance.now(). */
  readonly startedAt: number
  readonly policy: Policy
  readonly roster: Roster
  readonly events: Events
  readonly isEnding: () => boolean
  readonly shutdown: () => void
}

/** The daemon behind its local API. */
export function createBackend(options: BackendOptions): Backend {
  const { home, startedAt, policy, roster, events, isEnding, shutdown } = options

  const reloadRules = () => {
    policy.reload()
    roster.redecide()
    const local = policy.localRules().length
    events.rulesLoaded({ local, followRegistry: policy.followRegistry() })
    return local
  }

  const throwIfEnding = () => {
    if (isEnding()) throw new MeshError('busy', 'meshd is ending')
  }

  return {
    version: () => ({ version, protocol, pid: process.pid }),
    status: () =>
      daemonStatus({
        home,
        uptimeMs: performance.now() - startedAt,
        followRegistry: policy.followRegistry(),
        agents: roster.agents,
      }),
    agents: () => roster.agents.map((agent) => agent.status),
    up: async (request, signal) => {
      throwIfEnding()
      // `up` may just have written follow_registry.
      reloadRules()
      return roster.up(request, signal)
    },
    down: async (name) => {
      throwIfEnding()
      await roster.down(name)
      return roster.agents.length
    },
    reloadRules,
    shutdown,
    call: async (query, body, signal) => {
      throwIfEnding()
      const agent = roster.speaker(query.as)
      try {
        return await callOut(agent, { ...query, body }, signal)
      } catch (error) {
        const { target, capability } = query
        const fields = { agent: agent.record.name, target, capability }
        if (!signal.aborted) events.callOutFailed(fields, error)
        throw error
      }
    },
  }
}
