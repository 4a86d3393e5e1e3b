/** The values that registry requests and answers are made of. */
import {
  type AgentId,
  isCapabilityPattern,
  isErrorCode,
  isMeshError,
  parseAgentId,
} from '@agent-mesh/core'
import * as z from 'zod/mini'
import { limits } from '../limits.js'

/** An AgentId in its one spelling; parsing proves that it is a point of the curve. */
export const agentId = z.pipe(
  z.string(),
  z.transform((text, context): AgentId => {
    try {
      return parseAgentId(text)
    } catch (error) {
      const message = isMeshError(error) ? error.message : 'is not an agent id'
      context.issues.push({ code: 'custom', input: text, message })
      return z.NEVER
    }
  }),
)

const base64url = (characters: number) =>
  z.string().check(
    z.length(characters),
    z.refine((text) => /^[A-Za-z0-9_-]*$/.test(text), { error: 'must be base64url' }),
  )

/** 32 bytes, base64url. */
export const nonce = base64url(43)
/** 64 bytes, base64url. */
export const signature = base64url(86)

const documentOf = (length: number) =>
  z.strictObject({
    document: z.string().check(
      z.minLength(2),
      z.maxLength(length),
      z.refine((text) => /^[A-Za-z0-9_-]*$/.test(text), { error: 'must be base64url' }),
    ),
    signature,
  })

/** `{ document, signature }`, both base64url (docs/protocol.md §2). */
export const cardDocument = documentOf(limits.cardTextLength)
export const admissionDocument = documentOf(limits.admissionTextLength)

/** Text that people read on one line: no control characters, so no terminal can be steered by it. */
const word = z.string().check(
  z.minLength(1),
  z.maxLength(limits.wordLength),
  z.refine((text) => !/\p{Cc}/u.test(text), { error: 'must not hold control characters' }),
)

/** An id, a unique id prefix of at least 6 characters, or a name. */
export const target = word
/** As `target`, or `*` for every agent of the group. */
const principal = word
/** A capability's name, `*`, or `prefix.*`. */
export const capabilityPattern = z
  .string()
  .check(
    z.minLength(1),
    z.refine(isCapabilityPattern, { error: 'must be a capability, "*" or "prefix.*"' }),
  )

/** Milliseconds since the epoch. */
export const time = z.int().check(z.minimum(0))
export const sequence = z.int().check(z.minimum(0))

/** A whole number in a query, where every value is text. */
export const wholeNumber = (minimum: number, maximum: number) =>
  z.pipe(
    z.union([z.string().check(z.regex(/^\d{1,9}$/)), z.int()]),
    z.pipe(
      z.transform((value: string | number) => Number(value)),
      z.int().check(z.minimum(minimum), z.maximum(maximum)),
    ),
  )

export const errorCode = z.string().check(z.refine(isErrorCode, { error: 'is not an error code' }))

/** A logged-in human; the registry is theirs to change as far as the role goes. */
export const person = z.object({ id: z.string(), name: z.string(), role: z.enum(['owner']) })

/** An agent as the registry knows it; its own words are in `card`, signed by it. */
export const agentView = z.object({
  id: agentId,
  name: z.string(),
  group: z.string(),
  /** The card's sequence number; the next card must have a larger one. */
  sequence,
  capabilities: z.array(z.string()),
  card: cardDocument,
  /** What the relay says; `null` when no relay is asked or the card hides its presence. */
  online: z.nullable(z.boolean()),
  registeredAt: time,
  /** When the registry last saw the agent's signature. */
  lastSeenAt: time,
})

const effect = z.enum(['allow', 'deny'])
const rulePrincipal = z.union([z.literal('*'), agentId])

/** A rule between ids, the form that is stored and spread. */
export const rule = z.object({
  id: z.string(),
  effect,
  from: rulePrincipal,
  to: rulePrincipal,
  capability: capabilityPattern,
})

/** A rule as people read it: with the names the ids have now. */
export const ruleView = z.extend(rule, {
  fromName: z.nullable(z.string()),
  toName: z.nullable(z.string()),
  createdAt: time,
  /** Name of the person who made it. */
  createdBy: z.string(),
})

export const ruleRequest = z.strictObject({
  effect,
  from: principal,
  to: principal,
  capability: capabilityPattern,
})

/** How far a change has come: daemons whose feed is up that have it, and those that have not yet. */
export const spread = z.object({ acknowledged: z.int(), pending: z.int() })

export type Person = z.output<typeof person>
export type AgentView = z.output<typeof agentView>
export type RuleView = z.output<typeof ruleView>
export type FeedRule = z.output<typeof rule>
export type RuleRequest = z.output<typeof ruleRequest>
export type Spread = z.output<typeof spread>
