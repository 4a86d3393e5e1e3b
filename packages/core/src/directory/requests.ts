import { needLength } from '../crypto/lengths.js'
import type { Crypto } from '../crypto.js'
import { keyLength } from '../crypto.js'
import { MeshError } from '../errors.js'
import { maxOriginLength } from '../limits.js'
import { Writer } from '../writer.js'

// What an agent signs to be heard by a registry (docs/protocol.md §2). Both name the origin that
// was dialled and a nonce of the registry's, so neither can be used elsewhere or twice.
//
//   registration   origin (u16 length ‖ UTF-8) ‖ nonce 32 ‖ SHA-256(card JSON) 32
//   agent request  origin (u16 length ‖ UTF-8) ‖ nonce 32 ‖ purpose (UTF-8)

export interface Registration {
  /** The origin of the registry's base URL, as dialled: `http://127.0.0.1:8080`. */
  readonly origin: string
  /** 32 bytes, from the registry, good for one use. */
  readonly nonce: Uint8Array
  /** The card's JSON bytes as sent. */
  readonly card: Uint8Array
}

/** To sign as 'registration': possession of the key, and consent to this card at this registry. */
export function registrationBytes(crypto: Crypto, registration: Registration): Uint8Array {
  return begin(registration).bytes(crypto.sha256(registration.card)).finish()
}

export const agentPurposes = ['admission', 'feed', 'lookup'] as const

/** Get an admission, follow the feed, or look agents up. */
export type AgentPurpose = (typeof agentPurposes)[number]

export interface AgentRequest {
  readonly origin: string
  readonly nonce: Uint8Array
  readonly purpose: AgentPurpose
}

/** To sign as 'agent-request'. */
export function agentRequestBytes(request: AgentRequest): Uint8Array {
  return begin(request).text(request.purpose).finish()
}

function begin({ origin, nonce }: { origin: string; nonce: Uint8Array }): Writer {
  if (origin.length > maxOriginLength) {
    throw new MeshError('invalid', `an origin has at most ${maxOriginLength} characters`)
  }
  return new Writer(128).text16(origin).bytes(needLength(nonce, keyLength, 'nonce'))
}
