import { utf8 } from '../bytes.js'
import type { Aead, Crypto } from '../crypto.js'
import { nonceLength } from '../crypto.js'
import { epochPackets } from './limits.js'
import type { Space } from './packet.js'

// docs/protocol.md §4.1, for one direction and one counter space:
//
//   chain[0] = HMAC(k, "agent-mesh data v1" or "agent-mesh control v1")
//   key[e] = HMAC(chain[e], 0x01)      chain[e+1] = HMAC(chain[e], 0x02)      e = counter ÷ 2^16
//   nonce = 4 zero bytes ‖ little-endian counter

const keyLabel = Uint8Array.of(1)
const chainLabel = Uint8Array.of(2)
const labels: Record<Space, Uint8Array> = {
  data: utf8('agent-mesh data v1'),
  control: utf8('agent-mesh control v1'),
}

// One nonce for everybody: the backends are synchronous and keep nothing of it.
const nonce = new Uint8Array(nonceLength)
const nonceView = new DataView(nonce.buffer)

/** The epoch of a packet number. */
function epochOf(number: number): number {
  return Math.floor(number / epochPackets)
}

/** Two epochs of keys: the one of the oldest packet that still matters, and the next. */
export class KeyChain {
  readonly #crypto: Crypto
  #epoch: number
  #chain: Uint8Array
  #current: Aead | undefined
  #next: Aead | undefined

  /** From a chain's state, as `chain` and `epoch` give it. */
  constructor(crypto: Crypto, chain: Uint8Array, epoch: number) {
    this.#crypto = crypto
    this.#chain = chain
    this.#epoch = epoch
  }

  static begin(crypto: Crypto, key: Uint8Array, space: Space): KeyChain {
    return new KeyChain(crypto, crypto.hmacBlake2s(key, labels[space]), 0)
  }

  get chain(): Uint8Array {
    return this.#chain
  }

  get epoch(): number {
    return this.#epoch
  }

  /** ciphertext ‖ tag. A number is sealed once in its life, of course. */
  seal(number: number, header: Uint8Array, record: Uint8Array): Uint8Array {
    setNonce(number)
    // The window is smaller than an epoch, so whoever seals is in one of the two.
    const aead = this.#aead(epochOf(number)) as Aead
    return aead.seal(nonce, header, record)
  }

  /** The record, or undefined where the packet is not authentic or of neither epoch. */
  open(number: number, header: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const aead = this.#aead(epochOf(number))
    if (aead === undefined) return undefined
    setNonce(number)
    return aead.open(nonce, header, sealed)
  }

  /** No packet before `number` matters any more: keys of epochs before its own are forgotten. */
  forgetBefore(number: number): void {
    const epoch = epochOf(number)
    while (this.#epoch < epoch) {
      this.#chain = this.#crypto.hmacBlake2s(this.#chain, chainLabel)
      this.#current = this.#next
      this.#next = undefined
      this.#epoch++
    }
  }

  #aead(epoch: number): Aead | undefined {
    if (epoch === this.#epoch) {
      this.#current ??= this.#derive(this.#chain)
      return this.#current
    }
    if (epoch !== this.#epoch + 1) return undefined
    this.#next ??= this.#derive(this.#crypto.hmacBlake2s(this.#chain, chainLabel))
    return this.#next
  }

  #derive(chain: Uint8Array): Aead {
    return this.#crypto.aead(this.#crypto.hmacBlake2s(chain, keyLabel))
  }
}

function setNonce(number: number): void {
  nonceView.setUint32(4, number >>> 0, true)
  nonceView.setUint32(8, Math.floor(number / 0x1_0000_0000), true)
}
