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
import * as v from 'valibot'
import { limits } from '../limits.js'
import { parseJson } from '../parse.js'
import { count, fields } from '../values.js'
import * as s from './schemas.js'

const feedAgent = v.object({ ...s.cardDocument.entries, group: v.string() })
const group = v.object({ name: v.string() })

const snapshot = v.object({
  type: v.literal('snapshot'),
  sequence: s.sequence,
  agents: v.array(feedAgent),
  rules: v.array(s.rule),
  groups: v.array(group),
  revoked: v.array(s.agentId),
})

const change = v.object({
  type: v.literal('change'),
  sequence: s.sequence,
  /** New or replaced: agents by the id in their card, rules by id, groups by name. */
  upsert: fields({
    agents: v.optional(v.array(feedAgent)),
    rules: v.optional(v.array(s.rule)),
    groups: v.optional(v.array(group)),
  }),
  remove: fields({
    agents: v.optional(v.array(s.agentId)),
    rules: v.optional(v.array(v.string())),
    groups: v.optional(v.array(v.string())),
  }),
  /** Ids that are revoked from now on, for ever. */
  revoked: v.optional(v.array(s.agentId)),
})

const ping = v.object({ type: v.literal('ping'), id: count })
const pong = v.object({ type: v.literal('pong'), id: count })

const serverMessage = v.variant('type', [
  v.object({ type: v.literal('challenge'), nonce: s.nonce }),
  v.object({
    type: v.literal('refused'),
    id: s.agentId,
    /** login-refused: a wrong signature or origin · not-found: not registered here · revoked */
    code: s.errorCode,
    message: v.string(),
  }),
  snapshot,
  change,
  ping,
  pong,
])

/** Whether an id is a key takes as long to tell as a signature, so its reader asks one by one. */
const proofs = v.pipe(
  v.array(v.strictObject({ id: s.agentIdText, signature: s.signature })),
  v.minLength(1),
  v.maxLength(limits.agentsPerFeed),
)

const followerMessage = v.variant('type', [
  v.strictObject({
    type: v.literal('hello'),
    /** Random, the same on all connections of one process, so that it counts as one daemon. */
    instance: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
    agents: proofs,
  }),
  v.strictObject({ type: v.literal('ack'), sequence: s.sequence }),
  ping,
  pong,
])

export type FeedAgent = v.InferOutput<typeof feedAgent>
export type FeedGroup = v.InferOutput<typeof group>
export type FeedSnapshot = v.InferOutput<typeof snapshot>
export type FeedChange = v.InferOutput<typeof change>
export type FeedServerMessage = v.InferOutput<typeof serverMessage>
export type FeedFollowerMessage = v.InferOutput<typeof followerMessage>

/** @throws MeshError `invalid` for anything that is not a message of the registry. */
export function parseFeedServerMessage(text: string): FeedServerMessage {
  return parseJson(serverMessage, text, 'feed message')
}

/** @throws MeshError `invalid` for anything that is not a message of a follower. */
export function parseFeedFollowerMessage(text: string): FeedFollowerMessage {
  return parseJson(followerMessage, text, 'feed message')
}
