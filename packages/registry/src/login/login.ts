import { type Crypto, MeshError, toBase64url } from '@agent-mesh/core'
import type { RegistryEvents } from '../events.js'
import { limits } from '../limits.js'
import type { Login, Person, Store, StoreWriter } from '../store/store.js'
import { Guesses } from './guesses.js'
import { hashLoginCode } from './login-code.js'
import { createToken, hashToken } from './token.js'

export interface LoginRequest {
  readonly code: string
  readonly device?: string | undefined
  readonly address: string
}

export type NewLogin = Login & { readonly token: string }

/** Trades one-time codes for tokens. */
export class LoginDesk {
  readonly #store: Store
  readonly #crypto: Crypto
  readonly #events: RegistryEvents
  readonly #guesses = new Guesses({
    windowMs: limits.guessWindowMs,
    perAddress: limits.guessesPerAddress,
    inTotal: limits.guessesInTotal,
    addresses: limits.guessAddresses,
  })

  constructor(parts: { store: Store; crypto: Crypto; events: RegistryEvents }) {
    this.#store = parts.store
    this.#crypto = parts.crypto
    this.#events = parts.events
  }

  /**
   * @throws MeshError `login-refused` for a wrong, used or expired code, told alike, and
   * `congested` after too many of them
   */
  async login(request: LoginRequest, now: number): Promise<NewLogin> {
    this.#guesses.count(request.address, now)
    const hash = await hashLoginCode(this.#store, this.#crypto, request.code)
    const token = createToken(this.#crypto)
    const expiresAt = now + limits.tokenMs
    const person = this.#store.change((tx) => {
      if (!tx.loginCodes.take(hash, now)) return undefined
      const owner = tx.people.owner() ?? this.#addOwner(tx, now)
      const device = request.device ?? ''
      tx.tokens.add({ hash: hashToken(token), person: owner.id, device, createdAt: now, expiresAt })
      tx.tokens.prune(owner.id, limits.tokensPerPerson, now)
      return owner
    })
    if (person === undefined) {
      this.#events.loginRefused(request.address)
      throw new MeshError('login-refused', 'the code is wrong, used or expired', {
        hint: 'on the server: agent-mesh-server owner-login --db-path FILE',
      })
    }
    this.#guesses.giveBack(request.address)
    this.#events.loggedIn(person, request.address)
    return { token, person, expiresAt }
  }

  #addOwner(tx: StoreWriter, now: number): Person {
    const id = toBase64url(this.#crypto.randomBytes(16))
    const owner: Person = { id, name: 'owner', role: 'owner' }
    tx.people.add(owner, now)
    return owner
  }
}
