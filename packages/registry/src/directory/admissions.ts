import {
  type Admission,
  type AgentId,
  type Clock,
  type Crypto,
  createKeypair,
  isMeshError,
  type Keypair,
  MeshError,
  maxAdmissionBytes,
  SecretKey,
  signAdmission,
  signedFromBytes,
  verifyAdmission,
} from '@agent-mesh/core'
import type { RegistryEvents } from '../events.js'
import { limits } from '../limits.js'
import type { Store } from '../store/store.js'
import type { Members } from './members.js'
import type { Signatures, SignedRequest } from './signatures.js'

/** Signs agents in at relays, for an hour at a time. The key lives in the store. */
export class Admissions {
  readonly #crypto: Crypto
  readonly #clock: Clock
  readonly #store: Store
  readonly #members: Members
  readonly #signatures: Signatures
  readonly #events: RegistryEvents
  readonly #keypair: Keypair

  constructor(parts: {
    crypto: Crypto
    clock: Clock
    store: Store
    members: Members
    signatures: Signatures
    events: RegistryEvents
  }) {
    this.#crypto = parts.crypto
    this.#clock = parts.clock
    this.#store = parts.store
    this.#members = parts.members
    this.#signatures = parts.signatures
    this.#events = parts.events
    this.#keypair = createKeypair(admissionSecret(parts.store, parts.crypto), parts.crypto)
  }

  /** The public half: what relays verify admissions with. */
  get key(): AgentId {
    return this.#keypair.id
  }

  /** @throws MeshError `login-refused` · `revoked` · `not-found` when it is not registered here */
  issue(request: SignedRequest): Admission {
    this.#signatures.need(request, 'admission')
    const { id } = request
    if (this.#members.isRevoked(id)) throw new MeshError('revoked', 'this agent was revoked')
    const group = this.#members.groupOf(id)
    if (group === undefined) {
      throw new MeshError('not-found', 'this agent is not registered here')
    }
    const now = this.#clock.wall()
    this.#store.change((tx) => tx.agents.seen(id, now))
    this.#events.admitted(id)
    return signAdmission(this.#keypair, {
      id,
      groups: [group],
      foreign: [],
      notBefore: now,
      notAfter: now + limits.admissionMs,
    })
  }

  /**
   * The admission in a relay login, in its binary form.
   *
   * @returns undefined for anything that this registry did not sign or that is not valid now
   */
  read(bytes: Uint8Array, nowWall: number): Admission | undefined {
    try {
      const signed = signedFromBytes(bytes, maxAdmissionBytes)
      return verifyAdmission(this.#crypto, signed, { registry: this.key, nowWall })
    } catch (error) {
      if (isMeshError(error) && error.code !== 'internal') return undefined
      throw error
    }
  }
}

function admissionSecret(store: Store, crypto: Crypto): SecretKey {
  const seed = store.change((tx) => {
    const existing = tx.settings.get('admission-seed')
    if (existing !== undefined) return existing
    const fresh = crypto.randomBytes(32)
    tx.settings.put('admission-seed', fresh)
    return fresh
  })
  return SecretKey.fromSeed(seed)
}
