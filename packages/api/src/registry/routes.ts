/** The registry's HTTP contract, one row per request. Base URL: the server's. */
import * as z from 'zod/mini'
import { limits } from '../limits.js'
import { defineRoutes } from '../route.js'
import * as s from './schemas.js'

export const registryRoutes = defineRoutes({
  /** Trades a one-time code for a token. Wrong, used and expired codes are told alike. */
  login: {
    method: 'POST',
    path: '/v1/login',
    access: 'none',
    body: z.strictObject({
      code: z.string().check(z.minLength(1), z.maxLength(64)),
      device: z.optional(z.string().check(z.maxLength(limits.deviceLength))),
    }),
    answer: z.object({ token: z.string(), person: s.person, expiresAt: s.time }),
  },
  whoami: {
    method: 'GET',
    path: '/v1/whoami',
    access: 'token',
    answer: z.object({ person: s.person, expiresAt: s.time }),
  },
  /** Who this registry is, where its relays are, and which origins its signatures may name. */
  registry: {
    method: 'GET',
    path: '/v1/registry',
    access: 'none',
    answer: z.object({
      name: z.string(),
      version: z.string(),
      protocol: z.literal(1),
      admissionKey: s.agentId,
      relays: z.array(z.string()),
      origins: z.array(z.string()),
    }),
  },
  /** A nonce for one signature; good for 5 minutes and one use. */
  nonce: {
    method: 'POST',
    path: '/v1/nonces',
    access: 'none',
    answer: z.object({ nonce: s.nonce }),
  },
  /** Registers an agent or updates its card. `proof` signs (origin, nonce, card). */
  register: {
    method: 'POST',
    path: '/v1/agents',
    access: 'token',
    body: z.strictObject({ card: s.cardDocument, nonce: s.nonce, proof: s.signature }),
    answer: z.object({ agent: s.agentView }),
  },
  /** Agents of the asker's groups, by name. `capability` is exact or `prefix.*`. */
  findAgents: {
    method: 'GET',
    path: '/v1/agents',
    access: 'token-or-agent',
    query: z.strictObject({
      name: z.optional(s.target),
      capability: z.optional(s.capabilityPattern),
      /** Words looked for in name, capabilities and description. */
      q: z.optional(s.target),
      limit: z.optional(s.wholeNumber(1, limits.pageLength)),
      /** `next` of the page before. */
      cursor: z.optional(z.string().check(z.minLength(1), z.maxLength(512))),
    }),
    answer: z.object({
      agents: z.array(s.agentView),
      total: z.int(),
      next: z.optional(z.string()),
    }),
  },
  agent: {
    method: 'GET',
    path: '/v1/agents/:id',
    access: 'token-or-agent',
    params: z.strictObject({ id: s.target }),
    answer: s.agentView,
  },
  /** An admission for the agent that signed (origin, nonce, "admission"). */
  admission: {
    method: 'POST',
    path: '/v1/admissions',
    access: 'none',
    body: z.strictObject({ id: s.agentId, nonce: s.nonce, signature: s.signature }),
    answer: z.object({ admission: s.admissionDocument }),
  },
  rules: {
    method: 'GET',
    path: '/v1/rules',
    access: 'token',
    answer: z.object({ rules: z.array(s.ruleView) }),
  },
  /** Answers when every daemon whose feed is up has the rule, after 5 s at the latest. */
  addRule: {
    method: 'POST',
    path: '/v1/rules',
    access: 'token',
    body: s.ruleRequest,
    answer: z.object({ rule: s.ruleView, feed: s.spread }),
    timeoutMs: limits.ruleTimeoutMs,
  },
  removeRule: {
    method: 'DELETE',
    path: '/v1/rules/:id',
    access: 'token',
    params: z.strictObject({ id: s.target }),
    answer: z.object({ rule: s.ruleView, feed: s.spread }),
    timeoutMs: limits.ruleTimeoutMs,
  },
})

export type RegistryRoutes = typeof registryRoutes
export type RegistryOperation = keyof RegistryRoutes

/** Where the feed's WebSocket is, below the server's base URL. */
export const feedPath = '/v1/feed'
