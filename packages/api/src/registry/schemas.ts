/** The values that registry requests and answers are made of. */
import {
  type AgentId,
  isCapabilityPattern,
  isErrorCode,
  isMeshError,
  parseAgentId,
} from '@agent-mesh/core'
import * as v from 'valibot'
import { limits } from '../limits.js'
import { count } from '../values.js'

/** An AgentId in its one spelling; parsing proves that it is a point of the curve. */
export const agentId = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): AgentId => {
    try {
      return parseAgentId(dataset.value)
    } catch (error) {
      addIssue({ message: isMeshError(error) ? error.message : 'is not an agent id' })
      return NEVER
    }
  }),
)

const base64url = v.regex(/^[A-Za-z0-9_-]*$/, 'must be base64url')

/** 32 bytes, base64url. */
export const nonce = v.pipe(v.string(), v.length(43), base64url)
/** What looks like an AgentId. */
export const agentIdText = v.pipe(v.string(), v.length(43), base64url)
/** 64 bytes, base64url. */
export const signature = v.pipe(v.string(), v.length(86), base64url)

const documentOf = (length: number) =>
  v.strictObject({
    document: v.pipe(v.string(), v.minLength(2), v.maxLength(length), base64url),
    signature,
  })

/** `{ document, signature }`, both base64url (docs/protocol.md §2). */
export const cardDocument = documentOf(limits.cardTextLength)
export const admissionDocument = documentOf(limits.admissionTextLength)

/** Text that people read on one line: no control characters, so no terminal can be steered by it. */
const word = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(limits.wordLength),
  v.check((text) => !/\p{Cc}/u.test(text), 'must not hold control characters'),
)

/** An id, a unique id prefix of at least 6 characters, or a name. */
export const target = word
/** As `target`, or `*` for every agent of the group. */
const principal = word
/** A capability's name, `*`, or `prefix.*`. */
export const capabilityPattern = v.pipe(
  v.string(),
  v.minLength(1),
  v.check(isCapabilityPattern, 'must be a capability, "*" or "prefix.*"'),
)

/** Milliseconds since the epoch. */
export const time = count
export const sequence = count

/** A whole number in a query, where every value is text. */
export const wholeNumber = (minimum: number, maximum: number) =>
  v.pipe(
    v.union([v.pipe(v.string(), v.regex(/^\d{1,9}$/)), v.number()]),
    v.transform(Number),
    v.safeInteger(),
    v.minValue(minimum),
    v.maxValue(maximum),
  )

export const errorCode = v.pipe(v.string(), v.guard(isErrorCode, 'is not an error code'))

/** A logged-in human; the registry is theirs to change as far as the role goes. */
export const person = v.object({ id: v.string(), name: v.string(), role: v.picklist(['owner']) })

/** An agent as the registry knows it; its own words are in `card`, signed by it. */
export const agentView = v.object({
  id: agentId,
  name: v.string(),
  group: v.string(),
  /** The card's sequence number; the next card must have a larger one. */
  sequence,
  capabilities: v.array(v.string()),
  card: cardDocument,
  /** What the relay says; `null` when no relay is asked or the card hides its presence. */
  online: v.nullable(v.boolean()),
  registeredAt: time,
  /** When the registry last saw the agent's signature. */
  lastSeenAt: time,
})

const effect = v.picklist(['allow', 'deny'])
const rulePrincipal = v.union([v.literal('*'), agentId])

/** A rule between ids, the form that is stored and spread. */
export const rule = v.object({
  id: v.string(),
  effect,
  from: rulePrincipal,
  to: rulePrincipal,
  capability: capabilityPattern,
})

/** A rule as people read it: with the names the ids have now. */
export const ruleView = v.object({
  ...rule.entries,
  fromName: v.nullable(v.string()),
  toName: v.nullable(v.string()),
  createdAt: time,
  /** Name of the person who made it. */
  createdBy: v.string(),
})

export const ruleRequest = v.strictObject({
  effect,
  from: principal,
  to: principal,
  capability: capabilityPattern,
})

/** How far a change has come: daemons whose feed is up that have it, and those that have not yet. */
export const spread = v.object({ acknowledged: count, pending: count })

export type Person = v.InferOutput<typeof person>
export type AgentView = v.InferOutput<typeof agentView>
export type RuleView = v.InferOutput<typeof ruleView>
export type FeedRule = v.InferOutput<typeof rule>
export type RuleRequest = v.InferOutput<typeof ruleRequest>
export type Spread = v.InferOutput<typeof spread>
