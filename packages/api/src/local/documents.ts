import { capabilityRule, isCapability, isName, maxCapabilities, nameRule } from '@agent-mesh/core'
import * as z from 'zod/mini'

/** An agent's name; safe as a file name too, because keys are kept in `keys/NAME.key`. */
export const AgentName = z.string().check(z.refine(isName, { error: nameRule }))

export const Capability = z.string().check(z.refine(isCapability, { error: capabilityRule }))

const httpUrl = z.string().check(
  z.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'must be an http or https URL',
  }),
)

/** What answers an agent's calls. An agent with none can call, and refuses what it is asked. */
export const Program = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('exec'),
    /** Program and arguments, run per call without a shell. */
    argv: z.array(z.string()).check(z.minLength(1), z.maxLength(1024)),
    /** Where it runs, absolute; the daemon's own folder when absent. */
    cwd: z.optional(z.string()),
  }),
  z.object({ kind: z.literal('http'), url: httpUrl }),
])
export type Program = z.infer<typeof Program>

/**
 * An agent to bring up. Its key is in `keys/NAME.key` and its card is registered at `server`.
 * What is absent keeps its stored value; `program: null` takes the program away.
 */
export const UpRequest = z.object({
  name: AgentName,
  capabilities: z.optional(z.array(Capability).check(z.maxLength(maxCapabilities))),
  program: z.optional(z.nullable(Program)),
  server: z.optional(httpUrl),
  group: z.optional(z.string()),
  /** PEM file of a private certificate authority, absolute; null clears it. */
  caFile: z.optional(z.nullable(z.string().check(z.maxLength(4096)))),
  /** Lets this agent talk to its server without TLS beyond loopback. */
  insecureHttp: z.optional(z.boolean()),
})
export type UpRequest = z.infer<typeof UpRequest>

export const AgentState = z.enum(['online', 'connecting', 'offline', 'revoked', 'replaced'])
export type AgentState = z.infer<typeof AgentState>

export const LinkStatus = z.object({
  kind: z.enum(['relay', 'none']),
  /** The relay's URL. */
  relay: z.nullable(z.string()),
  /** Round trip in milliseconds, fractions included; null before the first answer. */
  rttMs: z.nullable(z.number()),
})
export type LinkStatus = z.infer<typeof LinkStatus>

export const AgentStatus = z.object({
  name: z.string(),
  id: z.string(),
  state: AgentState,
  link: LinkStatus,
  capabilities: z.array(z.string()),
  program: z.nullable(Program),
  server: z.string(),
  group: z.nullable(z.string()),
  /** Calls since the daemon started. */
  calls: z.object({ in: z.number(), out: z.number(), active: z.number() }),
  /** Why it is not online, in one sentence. */
  problem: z.nullable(z.string()),
})
export type AgentStatus = z.infer<typeof AgentStatus>

export const ServerStatus = z.object({
  url: z.nullable(z.string()),
  state: z.enum(['connected', 'connecting', 'unreachable', 'none']),
})

export const FeedStatus = z.object({
  url: z.string(),
  state: z.enum(['connected', 'connecting', 'unreachable']),
  /** Rules in view, of all groups of this daemon's agents. */
  rules: z.number(),
  /** The last word of the registry, as its sequence number and age; null before the first. */
  sequence: z.nullable(z.number()),
  ageMs: z.nullable(z.number()),
})

export const DaemonStatus = z.object({
  daemon: z.object({
    pid: z.number(),
    version: z.string(),
    uptimeMs: z.number(),
    home: z.string(),
    followRegistry: z.boolean(),
  }),
  /** The first of `servers`; url null and state 'none' while no agent names one. */
  server: ServerStatus,
  servers: z.array(FeedStatus),
  agents: z.array(AgentStatus),
})
export type DaemonStatus = z.infer<typeof DaemonStatus>

export const Version = z.object({ version: z.string(), protocol: z.number(), pid: z.number() })
export type Version = z.infer<typeof Version>

export const UpAnswer = z.object({ agent: AgentStatus })
export const AgentList = z.object({ agents: z.array(AgentStatus) })
export const DownAnswer = z.object({ name: z.string(), agents: z.number() })
export const RulesAnswer = z.object({ rules: z.number() })
export const ShutdownAnswer = z.object({ pid: z.number() })

const milliseconds = z.coerce.number().check(z.int(), z.gte(1), z.lte(30 * 24 * 3_600_000))

/** `POST /v1/calls`; the body of the call is the body of the request. */
export const CallQuery = z.object({
  /** The caller's name; may be absent when the daemon has one agent. */
  as: z.optional(z.string()),
  /** An agent id, a unique prefix of it of at least 6 characters, or a name. */
  target: z.string().check(z.minLength(1), z.maxLength(256)),
  capability: Capability,
  /** The call's whole time; without it a call waits as protocol.md says. */
  timeoutMs: z.optional(milliseconds),
  /** The content type of the body. */
  type: z.optional(z.string().check(z.maxLength(256))),
  /** How long an absent target is waited for before its call fails. */
  waitMs: z.optional(milliseconds),
  traceparent: z.optional(z.string().check(z.maxLength(256))),
})
export type CallQuery = z.infer<typeof CallQuery>
