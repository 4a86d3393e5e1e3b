/**
 * The feed: JSON text messages over a WebSocket at `feedPath`.
 *
 *   registry → challenge {nonce}
 *   follower → hello {agents: [{id, signature}]}    signature over (origin, nonce, "feed")
 *   registry → refused {id, code, message} …        for each agent that is not let in
 *   registry → snapshot {sequence, …}               everything the let-in agents may see
 *   registry → change {sequence, …} …               each builds on the one before
 *   follower → ack {sequence}                       for the snapshot and every change
 *
 * Either may send ping {id}, which the other answers by pong {id}: browsers cannot ping below.
 * A further hello on the same connection adds agents and is answered by a fresh snapshot, which
 * replaces all that was known. A connection all of whose agents were refused is closed.
 */
import * as z from 'zod/mini'
import { limits } from '../limits.js'
import { parseJson } from '../parse.js'
import * as s from './schemas.js'

const feedAgent = z.object({ ...s.cardDocument.shape, group: z.string() })
const group = z.object({ name: z.string() })

const snapshot = z.object({
  type: z.literal('snapshot'),
  sequence: s.sequence,
  agents: z.array(feedAgent),
  rules: z.array(s.rule),
  groups: z.array(group),
  revoked: z.array(s.agentId),
})

const change = z.object({
  type: z.literal('change'),
  sequence: s.sequence,
  /** New or replaced: agents by the id in their card, rules by id, groups by name. */
  upsert: z.object({
    agents: z.optional(z.array(feedAgent)),
    rules: z.optional(z.array(s.rule)),
    groups: z.optional(z.array(group)),
  }),
  remove: z.object({
    agents: z.optional(z.array(s.agentId)),
    rules: z.optional(z.array(z.string())),
    groups: z.optional(z.array(z.string())),
  }),
  /** Ids that are revoked from now on, for ever. */
  revoked: z.optional(z.array(s.agentId)),
})

const pingId = z.int().check(z.minimum(0))
const ping = z.object({ type: z.literal('ping'), id: pingId })
const pong = z.object({ type: z.literal('pong'), id: pingId })

const serverMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('challenge'), nonce: s.nonce }),
  z.object({
    type: z.literal('refused'),
    id: s.agentId,
    /** login-refused: a wrong signature or origin · not-found: not registered here · revoked */
    code: s.errorCode,
    message: z.string(),
  }),
  snapshot,
  change,
  ping,
  pong,
])

const followerMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    /** Random, the same on all connections of one process, so that it counts as one daemon. */
    instance: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
    agents: z
      .array(z.strictObject({ id: s.agentId, signature: s.signature }))
      .check(z.minLength(1), z.maxLength(limits.agentsPerFeed)),
  }),
  z.strictObject({ type: z.literal('ack'), sequence: s.sequence }),
  ping,
  pong,
])

export type FeedAgent = z.output<typeof feedAgent>
export type FeedGroup = z.output<typeof group>
export type FeedSnapshot = z.output<typeof snapshot>
export type FeedChange = z.output<typeof change>
export type FeedServerMessage = z.output<typeof serverMessage>
export type FeedFollowerMessage = z.output<typeof followerMessage>

/** @throws MeshError `invalid` for anything that is not a message of the registry. */
export function parseFeedServerMessage(text: string): FeedServerMessage {
  return parseJson(serverMessage, text, 'feed message')
}

/** @throws MeshError `invalid` for anything that is not a message of a follower. */
export function parseFeedFollowerMessage(text: string): FeedFollowerMessage {
  return parseJson(followerMessage, text, 'feed message')
}
