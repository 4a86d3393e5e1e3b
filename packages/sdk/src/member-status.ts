import type { ErrorCode } from '@agent-mesh/core'
import type { FeedLinkStatus } from './directory/feed-link.js'
import type { LinkProblem, LinkState, RelayLinkStatus } from './link/effects.js'

/** How an agent stands; plain data, to be printed or sent on. Times in milliseconds. */
export interface MemberStatus {
  /** `revoked` beats every other; `offline` once an attempt has failed, `connecting` before. */
  readonly state: 'online' | 'connecting' | 'offline' | 'revoked' | 'replaced'
  readonly link: {
    readonly kind: 'relay'
    readonly relay: string
    readonly state: LinkState
    readonly rttMs?: number
    /** Attempts since the link was last good. */
    readonly attempts: number
    /** Of the connection, as the relay counts them. */
    readonly epoch?: number
  }
  readonly feed: {
    readonly state: FeedLinkStatus['state']
    readonly sequence: number
    /** Since the registry last confirmed what is in force; absent before its first word. */
    readonly ageMs?: number
  }
  /** Why it is not online. */
  readonly error?: { readonly code: ErrorCode; readonly message: string }
  readonly calls: { readonly in: number; readonly out: number; readonly running: number }
}

export interface StatusFacts {
  readonly link: RelayLinkStatus
  readonly feed: FeedLinkStatus
  readonly revoked: boolean
  readonly sequence: number
  readonly ageMs: number | undefined
  readonly calls: MemberStatus['calls']
}

/** One picture of link, feed and directory. */
export function memberStatus(facts: StatusFacts): MemberStatus {
  const { link, feed, sequence, ageMs, calls } = facts
  const { kind, relay, state, attempts, rttMs, epoch } = { kind: 'relay' as const, ...link }
  const whole = stateOf(facts)
  const error = whole === 'online' ? undefined : (link.problem ?? feed.problem)
  return {
    state: whole,
    link: {
      kind,
      relay,
      state,
      attempts,
      ...(rttMs === undefined ? {} : { rttMs }),
      ...(epoch === undefined ? {} : { epoch }),
    },
    feed: { state: feed.state, sequence, ...(ageMs === undefined ? {} : { ageMs }) },
    ...(error === undefined ? {} : { error }),
    calls,
  }
}

/** What ended it for good, if something did. */
export function endOf({ link, feed, revoked }: StatusFacts): LinkProblem | undefined {
  if (revoked) return { code: 'revoked', message: 'the agent was revoked' }
  if (link.state === 'stopped') return link.problem
  return feed.state === 'stopped' ? feed.problem : undefined
}

function stateOf({ link, feed, revoked }: StatusFacts): MemberStatus['state'] {
  if (revoked || link.end === 'revoked' || feed.problem?.code === 'revoked') return 'revoked'
  if (link.end === 'replaced') return 'replaced'
  if (link.state === 'live' || link.state === 'draining') return 'online'
  const failed = link.problem ?? feed.problem
  return failed === undefined ? 'connecting' : 'offline'
}
