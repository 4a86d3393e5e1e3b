/**
 * Nonces without a table: expiry u64 ‖ random 8 ‖ HMAC-SHA256 truncated to 16, so that handing them
 * out costs no memory. Only those that signed something are remembered, until they expire. The key
 * is of this process: a restart voids all nonces, used and unused.
 */
import { createHmac } from 'node:crypto'
import { type Crypto, concat, equal, MeshError, toBase64url } from '@agent-mesh/core'
import { limits } from './limits.js'

const bodyLength = 16
const macLength = 16

interface Spent {
  readonly expiresAt: number
  readonly agent: string
}

/** Times are monotonic milliseconds: a wall clock that jumps makes no used nonce good again. */
export class Nonces {
  readonly #crypto: Crypto
  readonly #key: Uint8Array
  /** Spent nonces in order of spending, so the head expires first enough. */
  readonly #spent = new Map<string, Spent>()
  /** How many of them each agent spent. */
  readonly #counts = new Map<string, number>()

  constructor(crypto: Crypto) {
    this.#crypto = crypto
    this.#key = crypto.randomBytes(32)
  }

  issue(now: number): Uint8Array {
    const body = new Uint8Array(bodyLength)
    new DataView(body.buffer).setBigUint64(0, BigInt(Math.ceil(now) + limits.nonceMs))
    body.set(this.#crypto.randomBytes(8), 8)
    return concat(body, this.#mac(body))
  }

  /** Whether this nonce was issued here, has not expired and has signed nothing yet. */
  isFresh(nonce: Uint8Array, now: number): boolean {
    if (nonce.length !== bodyLength + macLength) return false
    const body = nonce.subarray(0, bodyLength)
    if (!equal(this.#mac(body), nonce.subarray(bodyLength))) return false
    return expiryOf(nonce) > now && !this.#spent.has(toBase64url(nonce))
  }

  /**
   * Makes a fresh nonce useless. To be called once its signature was found good, and to be the
   * signature of someone known here: a good signature alone is something that anybody can make.
   *
   * @throws MeshError `busy` when too many were spent within their lifetime, by `agent` or by all
   */
  spend(nonce: Uint8Array, now: number, agent: string): void {
    this.#forget(now)
    const count = this.#counts.get(agent) ?? 0
    if (count >= limits.usedNoncesPerAgent) {
      throw new MeshError('busy', 'this agent makes too many requests')
    }
    if (this.#spent.size >= limits.usedNonces) {
      throw new MeshError('busy', 'the registry has too many requests at the moment')
    }
    this.#spent.set(toBase64url(nonce), { expiresAt: expiryOf(nonce), agent })
    this.#counts.set(agent, count + 1)
  }

  #forget(now: number): void {
    for (const [nonce, { expiresAt, agent }] of this.#spent) {
      if (expiresAt > now) break
      this.#spent.delete(nonce)
      const left = (this.#counts.get(agent) ?? 1) - 1
      if (left > 0) this.#counts.set(agent, left)
      else this.#counts.delete(agent)
    }
  }

  #mac(body: Uint8Array): Uint8Array {
    const mac = createHmac('sha256', this.#key).update(body).digest()
    return new Uint8Array(mac.subarray(0, macLength))
  }
}

function expiryOf(nonce: Uint8Array): number {
  return Number(new DataView(nonce.buffer, nonce.byteOffset).getBigUint64(0))
}
