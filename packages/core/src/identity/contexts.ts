import { concat, utf8 } from '../bytes.js'

/**
 * Everything an agent or a registry ever signs, by name. A signature made for one context is worth
 * nothing in another, so nobody can be made to sign a revocation by a relay's challenge.
 */
export const signContexts = [
  'relay-login',
  'card',
  'registration',
  'admission',
  'agent-request',
  'revocation',
  'rotation',
  'letter',
  'prekey',
  'rule',
] as const

export type SignContext = (typeof signContexts)[number]

const prefixes = new Map(
  signContexts.map((context) => [context, utf8(`agent-mesh ${context} v1\0`)]),
)

/** What is signed: `"agent-mesh " ‖ context ‖ " v1" ‖ 0x00 ‖ bytes` (docs/protocol.md §1). */
export function signedBytes(context: SignContext, bytes: Uint8Array): Uint8Array {
  return concat(prefixes.get(context) as Uint8Array, bytes)
}
