import {
  type AgentId,
  type AgentPurpose,
  agentRequestBytes,
  type Clock,
  type Crypto,
  fromBase64url,
  MeshError,
  registrationBytes,
  type SignContext,
  verify,
} from '@agent-mesh/core'
import type { Nonces } from '../nonces.js'

export interface SignedRequest {
  readonly id: AgentId
  /** base64url, as it came. */
  readonly nonce: string
  readonly signature: string
}

/**
 * Checks what agents sign for this registry. The origin is under every signature, so one that was
 * made for another registry, or for a name this one does not call its own, is worth nothing here.
 */
export class Signatures {
  readonly #crypto: Crypto
  readonly #clock: Clock
  readonly #nonces: Nonces
  readonly #origins: readonly string[]
  readonly #isMember: (id: AgentId) => boolean

  constructor(parts: {
    crypto: Crypto
    clock: Clock
    nonces: Nonces
    origins: readonly string[]
    /** Whether the agent is registered here and not revoked. */
    isMember: (id: AgentId) => boolean
  }) {
    this.#isMember = parts.isMember
    this.#crypto = parts.crypto
    this.#clock = parts.clock
    this.#nonces = parts.nonces
    this.#origins = parts.origins
  }

  /** Whether the agent signed (one of our origins, nonce, purpose). The nonce is not looked at. */
  proves(id: AgentId, nonce: Uint8Array, purpose: AgentPurpose, signature: Uint8Array): boolean {
    return this.#matches(id, 'agent-request', signature, (origin) =>
      agentRequestBytes({ origin, nonce, purpose }),
    )
  }

  /**
   * On return the nonce is spent, if a member signed. Whoever is none is to be refused everything,
   * which may be asked for twice: remembering strangers' nonces would let them fill the memory.
   *
   * @throws MeshError `login-refused` · `busy`
   */
  need(request: SignedRequest, purpose: AgentPurpose): void {
    const { id } = request
    const nonce = this.#fresh(request.nonce, (nonce) =>
      this.proves(id, nonce, purpose, fromBase64url(request.signature, 'signature')),
    )
    if (this.#isMember(id)) this.#nonces.spend(nonce, this.#clock.now(), id)
  }

  /**
   * On return the nonce is spent. To be asked for a logged-in person alone.
   *
   * @throws MeshError `login-refused` · `busy`
   */
  needRegistration(request: SignedRequest, card: Uint8Array): void {
    const { id } = request
    const signature = fromBase64url(request.signature, 'proof')
    const nonce = this.#fresh(request.nonce, (nonce) =>
      this.#matches(id, 'registration', signature, (origin) =>
        registrationBytes(this.#crypto, { origin, nonce, card }),
      ),
    )
    this.#nonces.spend(nonce, this.#clock.now(), id)
  }

  #fresh(text: string, isGood: (nonce: Uint8Array) => boolean): Uint8Array {
    const nonce = fromBase64url(text, 'nonce')
    const now = this.#clock.now()
    if (!this.#nonces.isFresh(nonce, now)) {
      throw new MeshError('login-refused', 'the nonce is used, expired or not from this registry')
    }
    if (!isGood(nonce)) {
      throw new MeshError(
        'login-refused',
        `the signature does not fit this key, this nonce and this registry's names (${this.#origins.join(', ')})`,
        { hint: 'a server that is reached by another name has to be started with --public-url' },
      )
    }
    return nonce
  }

  #matches(
    id: AgentId,
    context: SignContext,
    signature: Uint8Array,
    bytesFor: (origin: string) => Uint8Array,
  ): boolean {
    return this.#origins.some((origin) =>
      verify(this.#crypto, id, context, bytesFor(origin), signature),
    )
  }
}
