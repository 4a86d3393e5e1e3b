import { fromBase64url, toBase64url } from '../bytes.js'
import { isCanonicalKey, isOnCurve, isTorsionFree, montgomeryForm } from '../crypto/points.js'
import { MeshError } from '../errors.js'

declare const brand: unique symbol

/**
 * Who an agent is: its Ed25519 public key, base64url without padding, 43 characters. Only parsing
 * makes one, so every AgentId is the canonical spelling of a canonical point that is on the curve
 * and not of small order. Equal agents are equal strings.
 */
export type AgentId = string & { readonly [brand]: 'AgentId' }

const textLength = 43
const keyBytes = 32

/** Reads an id; throws 'invalid' saying what is wrong with it. Costs about 0.05 ms. */
export function parseAgentId(text: string): AgentId {
  if (text.length !== textLength) {
    throw invalid(`has ${text.length} characters instead of ${textLength}`)
  }
  return agentIdFromBytes(fromBase64url(text, 'agent id'))
}

/** The id of 32 public key bytes; throws 'invalid' as parseAgentId does. */
export function agentIdFromBytes(bytes: Uint8Array): AgentId {
  if (bytes.length !== keyBytes) {
    throw invalid(`has ${bytes.length} bytes instead of ${keyBytes}`)
  }
  if (!isCanonicalKey(bytes)) throw invalid('is not canonical, or of small order')
  if (!isOnCurve(bytes)) throw invalid('is not a point of the curve')
  return toBase64url(bytes) as AgentId
}

/** Whether `text` would parse. */
export function isAgentId(text: string): text is AgentId {
  try {
    return parseAgentId(text) === text
  } catch {
    return false
  }
}

/** The 32 bytes of the public key. */
export function agentIdBytes(id: AgentId): Uint8Array {
  return fromBase64url(id, 'agent id')
}

/**
 * Whether the point lies in the subgroup of prime order. To be asked where an id is *admitted*
 * (registration, peer configuration), not per packet: it costs about 0.6 ms. Without it, sixteen
 * ids (±A and its sums with the torsion points) finish the same Noise handshake with one secret.
 */
export function isPrimeOrder(id: AgentId): boolean {
  return isTorsionFree(agentIdBytes(id))
}

/** The X25519 form, 32 bytes: the agent's Noise static key. ±A have the same. */
export function x25519Of(id: AgentId): Uint8Array {
  return montgomeryForm(agentIdBytes(id))
}

/** The first eight characters, for people. */
export function shortId(id: AgentId): string {
  return id.slice(0, 8)
}

/** Orders ids as 32 unsigned bytes: negative where `a` is the smaller. */
export function compareAgentIds(a: AgentId, b: AgentId): number {
  const left = agentIdBytes(a)
  const right = agentIdBytes(b)
  for (let i = 0; i < keyBytes; i++) {
    const difference = (left[i] as number) - (right[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function invalid(problem: string): MeshError {
  return new MeshError('invalid', `the agent id ${problem}`)
}
