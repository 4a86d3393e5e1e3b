import {
  fromBase64url,
  fromUtf8,
  isMeshError,
  MeshError,
  toBase64url,
  utf8,
} from '@agent-mesh/core'
import type { Handlers } from '../app.js'
import type { Agents } from '../directory/agents.js'
import { findTarget } from '../directory/lookup.js'
import { agentView, type Presence } from '../directory/views.js'
import { limits } from '../limits.js'
import type { AgentSearch, Store } from '../store/store.js'
import { defaultGroup } from './default-group.js'

export interface AgentRouteParts {
  readonly store: Store
  readonly agents: Agents
  readonly presence: Presence | undefined
}

export function agentRoutes({
  store,
  agents,
  presence,
}: AgentRouteParts): Pick<Handlers, 'register' | 'findAgents' | 'agent'> {
  return {
    register({ body, viewer }) {
      const agent = agents.register(body, viewer.login.person, defaultGroup)
      return { agent: agentView(agent, presence) }
    },
    findAgents({ query, viewer }) {
      const { name, capability, q = '', limit = limits.pageLength, cursor } = query
      const after = cursor === undefined ? undefined : readCursor(cursor)
      const words = q.split(/\s+/).filter((word) => word !== '')
      if (words.length > limits.searchWords) {
        throw new MeshError('invalid', `query.q: must be at most ${limits.searchWords} words`, {
          details: { field: 'query.q' },
        })
      }
      const { groups } = viewer
      // One more than asked for tells whether there is a next page.
      const search: AgentSearch = { groups, name, capability, words, after, limit: limit + 1 }
      const found = store.read.agents.find(search)
      const page = found.agents.slice(0, limit)
      const last = found.agents.length > limit ? page.at(-1) : undefined
      return {
        agents: page.map((agent) => agentView(agent, presence)),
        total: found.total,
        ...(last === undefined ? {} : { next: writeCursor(last) }),
      }
    },
    agent: ({ params, viewer }) =>
      agentView(findTarget(store.read, params.id, viewer.groups), presence),
  }
}

type Cursor = NonNullable<AgentSearch['after']>

/** Names hold no line feed, so it separates; readers are to pass it on, not to look into it. */
function writeCursor({ name, id }: Cursor): string {
  return toBase64url(utf8(`${name}\n${id}`))
}

function readCursor(cursor: string): Cursor {
  try {
    const [name, id, rest] = fromUtf8(fromBase64url(cursor, 'query.cursor')).split('\n')
    if (name !== undefined && id !== undefined && rest === undefined) return { name, id }
  } catch (error) {
    if (!isMeshError(error)) throw error
  }
  throw new MeshError('invalid', 'query.cursor: is not the `next` of an answer', {
    details: { field: 'query.cursor' },
  })
}
