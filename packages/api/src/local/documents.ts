import { capabilityRule, isCapability, isName, maxCapabilities, nameRule } from '@agent-mesh/core'
import * as v from 'valibot'
import { finite } from '../values.js'

/** An agent's name; safe as a file name too, because keys are kept in `keys/NAME.key`. */
export const AgentName = v.pipe(v.string(), v.check(isName, nameRule))

export const Capability = v.pipe(v.string(), v.check(isCapability, capabilityRule))

const httpUrl = v.pipe(
  v.string(),
  v.check(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http or https URL',
  ),
)

/** What answers an agent's calls. An agent with none can call, and refuses what it is asked. */
export const Program = v.variant('kind', [
  v.object({
    kind: v.literal('exec'),
    /** Program and arguments, run per call without a shell. */
    argv: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(1024)),
    /** Where it runs, absolute; the daemon's own folder when absent. */
    cwd: v.optional(v.string()),
  }),
  v.object({ kind: v.literal('http'), url: httpUrl }),
])
export type Program = v.InferOutput<typeof Program>

/**
 * An agent to bring up. Its key is in `keys/NAME.key` and its card is registered at `server`.
 * What is absent keeps its stored value; `program: null` takes the program away.
 */
export const UpRequest = v.object({
  name: AgentName,
  capabilities: v.optional(v.pipe(v.array(Capability), v.maxLength(maxCapabilities))),
  program: v.optional(v.nullable(Program)),
  server: v.optional(httpUrl),
  group: v.optional(v.string()),
  /** PEM file of a private certificate authority, absolute; null clears it. */
  caFile: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(4096)))),
  /** Lets this agent talk to its server without TLS beyond loopback. */
  insecureHttp: v.optional(v.boolean()),
})
export type UpRequest = v.InferOutput<typeof UpRequest>

export const AgentState = v.picklist(['online', 'connecting', 'offline', 'revoked', 'replaced'])
export type AgentState = v.InferOutput<typeof AgentState>

export const LinkStatus = v.object({
  kind: v.picklist(['relay', 'none']),
  /** The relay's URL. */
  relay: v.nullable(v.string()),
  /** Round trip in milliseconds, fractions included; null before the first answer. */
  rttMs: v.nullable(finite),
})
export type LinkStatus = v.InferOutput<typeof LinkStatus>

export const AgentStatus = v.object({
  name: v.string(),
  id: v.string(),
  state: AgentState,
  link: LinkStatus,
  capabilities: v.array(v.string()),
  program: v.nullable(Program),
  server: v.string(),
  group: v.nullable(v.string()),
  /** Calls since the daemon started. */
  calls: v.object({ in: finite, out: finite, active: finite }),
  /** Why it is not online, in one sentence. */
  problem: v.nullable(v.string()),
})
export type AgentStatus = v.InferOutput<typeof AgentStatus>

const ServerStatus = v.object({
  url: v.nullable(v.string()),
  state: v.picklist(['connected', 'connecting', 'unreachable', 'none']),
})

const FeedStatus = v.object({
  url: v.string(),
  state: v.picklist(['connected', 'connecting', 'unreachable']),
  /** Rules in view, of all groups of this daemon's agents. */
  rules: finite,
  /** The last word of the registry, as its sequence number and age; null before the first. */
  sequence: v.nullable(finite),
  ageMs: v.nullable(finite),
})

export const DaemonStatus = v.object({
  daemon: v.object({
    pid: finite,
    version: v.string(),
    uptimeMs: finite,
    home: v.string(),
    followRegistry: v.boolean(),
  }),
  /** The first of `servers`; url null and state 'none' while no agent names one. */
  server: ServerStatus,
  servers: v.array(FeedStatus),
  agents: v.array(AgentStatus),
})
export type DaemonStatus = v.InferOutput<typeof DaemonStatus>

export const Version = v.object({ version: v.string(), protocol: finite, pid: finite })
export type Version = v.InferOutput<typeof Version>

export const UpAnswer = v.object({ agent: AgentStatus })
export const AgentList = v.object({ agents: v.array(AgentStatus) })
export const DownAnswer = v.object({ name: v.string(), agents: finite })
export const RulesAnswer = v.object({ rules: finite })
export const ShutdownAnswer = v.object({ pid: finite })

const milliseconds = v.pipe(
  v.unknown(),
  v.transform(Number),
  v.safeInteger(),
  v.minValue(1),
  v.maxValue(30 * 24 * 3_600_000),
)

/** `POST /v1/calls`; the body of the call is the body of the request. */
export const CallQuery = v.object({
  /** The caller's name; may be absent when the daemon has one agent. */
  as: v.optional(v.string()),
  /** An agent id, a unique prefix of it of at least 6 characters, or a name. */
  target: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  capability: Capability,
  /** The call's whole time; without it a call waits as protocol.md says. */
  timeoutMs: v.optional(milliseconds),
  /** The content type of the body. */
  type: v.optional(v.pipe(v.string(), v.maxLength(256))),
  /** How long an absent target is waited for before its call fails. */
  waitMs: v.optional(milliseconds),
  traceparent: v.optional(v.pipe(v.string(), v.maxLength(256))),
})
export type CallQuery = v.InferOutput<typeof CallQuery>
