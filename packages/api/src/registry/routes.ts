/** The registry's HTTP contract, one row per request. Base URL: the server's. */
import * as v from 'valibot'
import { limits } from '../limits.js'
import { defineRoutes } from '../route.js'
import { count } from '../values.js'
import * as s from './schemas.js'

export const registryRoutes = defineRoutes({
  /** Trades a one-time code for a token. Wrong, used and expired codes are told alike. */
  login: {
    method: 'POST',
    path: '/v1/login',
    access: 'none',
    body: v.strictObject({
      code: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
      device: v.optional(v.pipe(v.string(), v.maxLength(limits.deviceLength))),
    }),
    answer: v.object({ token: v.string(), person: s.person, expiresAt: s.time }),
  },
  whoami: {
    method: 'GET',
    path: '/v1/whoami',
    access: 'token',
    answer: v.object({ person: s.person, expiresAt: s.time }),
  },
  /** Who this registry is, where its relays are, and which origins its signatures may name. */
  registry: {
    method: 'GET',
    path: '/v1/registry',
    access: 'none',
    answer: v.object({
      name: v.string(),
      version: v.string(),
      protocol: v.literal(1),
      admissionKey: s.agentId,
      relays: v.array(v.string()),
      origins: v.array(v.string()),
    }),
  },
  /** A nonce for one signature; good for 5 minutes and one use. */
  nonce: {
    method: 'POST',
    path: '/v1/nonces',
    access: 'none',
    answer: v.object({ nonce: s.nonce }),
  },
  /** Registers an agent or updates its card. `proof` signs (origin, nonce, card). */
  register: {
    method: 'POST',
    path: '/v1/agents',
    access: 'token',
    body: v.strictObject({ card: s.cardDocument, nonce: s.nonce, proof: s.signature }),
    answer: v.object({ agent: s.agentView }),
  },
  /** Agents of the asker's groups, by name. `capability` is exact or `prefix.*`. */
  findAgents: {
    method: 'GET',
    path: '/v1/agents',
    access: 'token-or-agent',
    query: v.strictObject({
      name: v.optional(s.target),
      capability: v.optional(s.capabilityPattern),
      /** Words looked for in name, capabilities and description. */
      q: v.optional(s.target),
      limit: v.optional(s.wholeNumber(1, limits.pageLength)),
      /** `next` of the page before. */
      cursor: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(512))),
    }),
    answer: v.object({
      agents: v.array(s.agentView),
      total: count,
      next: v.optional(v.string()),
    }),
  },
  agent: {
    method: 'GET',
    path: '/v1/agents/:id',
    access: 'token-or-agent',
    params: v.strictObject({ id: s.target }),
    answer: s.agentView,
  },
  /** An admission for the agent that signed (origin, nonce, "admission"). */
  admission: {
    method: 'POST',
    path: '/v1/admissions',
    access: 'none',
    body: v.strictObject({ id: s.agentId, nonce: s.nonce, signature: s.signature }),
    answer: v.object({ admission: s.admissionDocument }),
  },
  rules: {
    method: 'GET',
    path: '/v1/rules',
    access: 'token',
    answer: v.object({ rules: v.array(s.ruleView) }),
  },
  /** Answers when every daemon whose feed is up has the rule, after 5 s at the latest. */
  addRule: {
    method: 'POST',
    path: '/v1/rules',
    access: 'token',
    body: s.ruleRequest,
    answer: v.object({ rule: s.ruleView, feed: s.spread }),
    timeoutMs: limits.ruleTimeoutMs,
  },
  removeRule: {
    method: 'DELETE',
    path: '/v1/rules/:id',
    access: 'token',
    params: v.strictObject({ id: s.target }),
    answer: v.object({ rule: s.ruleView, feed: s.spread }),
    timeoutMs: limits.ruleTimeoutMs,
  },
})

export type RegistryRoutes = typeof registryRoutes
export type RegistryOperation = keyof RegistryRoutes

/** Where the feed's WebSocket is, below the server's base URL. */
export const feedPath = '/v1/feed'
