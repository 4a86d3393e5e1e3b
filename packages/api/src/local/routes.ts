import * as v from 'valibot'
import { defineRoutes } from '../route.js'
import {
  AgentList,
  AgentName,
  CallQuery,
  DaemonStatus,
  DownAnswer,
  RulesAnswer,
  ShutdownAnswer,
  UpAnswer,
  UpRequest,
  Version,
} from './documents.js'

/**
 * Every JSON route of the daemon. Whoever may open its socket (0600, in a 0700 folder) may ask;
 * errors are problem documents (problem.ts).
 */
export const localRoutes = defineRoutes({
  version: { method: 'GET', path: '/v1/version', access: 'none', answer: Version },
  status: { method: 'GET', path: '/v1/status', access: 'none', answer: DaemonStatus },
  agents: { method: 'GET', path: '/v1/agents', access: 'none', answer: AgentList },
  /** Answers when the agent's link is live. */
  up: { method: 'POST', path: '/v1/agents', access: 'none', body: UpRequest, answer: UpAnswer },
  /** Forgets the agent; its key file stays. Answers when its link is closed. */
  down: {
    method: 'DELETE',
    path: '/v1/agents/:name',
    access: 'none',
    params: v.object({ name: AgentName }),
    answer: DownAnswer,
  },
  /** Reads `rules.toml` and `config.toml` again; when one is broken the old rules stay in force. */
  reloadRules: {
    method: 'POST',
    path: '/v1/rules/reload',
    access: 'none',
    answer: RulesAnswer,
  },
  /** Answers first; then the daemon drains, ends, and removes its socket last. */
  shutdown: { method: 'POST', path: '/v1/shutdown', access: 'none', answer: ShutdownAnswer },
})

/** The one route whose bodies are streams: raw bytes up, frames (frames.ts) down. */
export const callRoute = { method: 'POST', path: '/v1/calls', query: CallQuery } as const
