import type { Aead } from '../crypto.js'
import { nonceLength } from '../crypto.js'
import { MeshError } from '../errors.js'

/**
 * Noise §5.1, CipherState: a key and how many messages were sealed under it. Without a key,
 * messages pass as they are.
 */
export class CipherState {
  readonly #aead: Aead | undefined
  #n: number

  constructor(aead?: Aead, n = 0) {
    this.#aead = aead
    this.#n = n
  }

  get hasKey(): boolean {
    return this.#aead !== undefined
  }

  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (this.#aead === undefined) return plaintext
    const sealed = this.#aead.seal(noiseNonce(this.#n), ad, plaintext)
    this.#n++
    return sealed
  }

  /** Undefined where the message is not authentic; the count stays as it was (Noise §5.1). */
  decryptWithAd(ad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (this.#aead === undefined) return sealed
    const plaintext = this.#aead.open(noiseNonce(this.#n), ad, sealed)
    if (plaintext !== undefined) this.#n++
    return plaintext
  }

  /** A second state at the same point. Of the two, only one may go on sealing. */
  fork(): CipherState {
    return new CipherState(this.#aead, this.#n)
  }
}

/**
 * Noise §12.3: four zero bytes, then n as a little-endian u64. Noise allows n < 2^64 − 1; we stop
 * at 2^53 − 1, where a JavaScript number would begin to repeat itself. Throws 'internal' there.
 */
export function noiseNonce(n: number): Uint8Array {
  if (n >= Number.MAX_SAFE_INTEGER) {
    throw new MeshError('internal', 'a Noise key has sealed all the messages it may')
  }
  const nonce = new Uint8Array(nonceLength)
  const view = new DataView(nonce.buffer)
  view.setUint32(4, n >>> 0, true)
  view.setUint32(8, Math.floor(n / 0x1_0000_0000), true)
  return nonce
}
