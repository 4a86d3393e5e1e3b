import { concat } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { CipherState } from './cipher-state.js'

const hashLength = 32
const one = Uint8Array.of(1)
const two = Uint8Array.of(2)
const nothing = new Uint8Array(0)

/** Noise §5.2, SymmetricState: the chaining key, the hash of all that was said, and the cipher. */
export class SymmetricState {
  readonly #crypto: Crypto
  #chainingKey: Uint8Array
  #hash: Uint8Array
  #cipher = new CipherState()

  constructor(crypto: Crypto, protocolName: Uint8Array) {
    this.#crypto = crypto
    this.#hash =
      protocolName.length <= hashLength
        ? concat(protocolName, new Uint8Array(hashLength - protocolName.length))
        : crypto.blake2s(protocolName)
    this.#chainingKey = this.#hash
  }

  get handshakeHash(): Uint8Array {
    return this.#hash
  }

  get hasKey(): boolean {
    return this.#cipher.hasKey
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = this.#crypto.blake2s(this.#hash, bytes)
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = this.#hkdf(material)
    this.#chainingKey = chainingKey
    this.#cipher = new CipherState(this.#crypto.aead(key))
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#cipher.encryptWithAd(this.#hash, plaintext)
    this.mixHash(sealed)
    return sealed
  }

  /** Undefined where the message is not authentic. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher.decryptWithAd(this.#hash, sealed)
    if (plaintext !== undefined) this.mixHash(sealed)
    return plaintext
  }

  /** The two keys of Split(): initiator to responder, then the other way. */
  split(): [Uint8Array, Uint8Array] {
    return this.#hkdf(nothing)
  }

  fork(): SymmetricState {
    // Neither hash nor chaining key is ever written to in place, so both may be shared.
    const copy = new SymmetricState(this.#crypto, this.#hash)
    copy.#chainingKey = this.#chainingKey
    copy.#cipher = this.#cipher.fork()
    return copy
  }

  /** HKDF with two outputs (Noise §4.3). */
  #hkdf(material: Uint8Array): [Uint8Array, Uint8Array] {
    const { hmacBlake2s } = this.#crypto
    const temporary = hmacBlake2s(this.#chainingKey, material)
    const first = hmacBlake2s(temporary, one)
    return [first, hmacBlake2s(temporary, first, two)]
  }
}
