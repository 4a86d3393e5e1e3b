/**
 * One-time codes: `XXXX-XXXX`, read from one screen and typed on another. 30 letters and digits
 * that cannot be mistaken for each other make 39 bits, which is why a code lives for an hour, is
 * stored behind scrypt and is guessed at slowly.
 */
import { type ScryptOptions, scrypt } from 'node:crypto'
import type { Crypto } from '@agent-mesh/core'
import { limits } from '../limits.js'
import type { Store } from '../store/store.js'

const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const length = 8
const saltLength = 16
const hashLength = 32
// 4 MiB and some 10 ms. Whoever stole the database would need most of a million cores to find a
// code within the hour that it lives.
const cost: ScryptOptions = { N: 4_096, r: 8, p: 1 }

export interface OwnerCode {
  readonly code: string
  readonly expiresAt: number
}

/** Makes a code that logs in as owner. Codes made before it stay good until they expire. */
export async function createOwnerCode(
  store: Store,
  crypto: Crypto,
  now: number,
): Promise<OwnerCode> {
  const code = randomCode(crypto)
  const hash = await hashLoginCode(store, crypto, code)
  const expiresAt = now + limits.loginCodeMs
  store.change((tx) => {
    tx.loginCodes.add({ hash, createdAt: now, expiresAt })
    tx.loginCodes.prune(limits.loginCodes, now)
  })
  return { code, expiresAt }
}

/** What is stored of a code. Case, spaces and hyphens do not matter to people, so nor here. */
export function hashLoginCode(store: Store, crypto: Crypto, code: string): Promise<Uint8Array> {
  const plain = code.toUpperCase().replace(/[\s-]/g, '')
  const salt = saltOf(store, crypto)
  return new Promise((resolve, reject) => {
    scrypt(plain, salt, hashLength, cost, (error, hash) => {
      if (error) reject(error)
      else resolve(new Uint8Array(hash))
    })
  })
}

function randomCode(crypto: Crypto): string {
  let text = ''
  while (text.length < length) {
    const byte = crypto.randomBytes(1)[0] as number
    // Bytes above the last whole multiple would favour the first letters.
    if (byte < 256 - (256 % alphabet.length)) text += alphabet.charAt(byte % alphabet.length)
  }
  return `${text.slice(0, length / 2)}-${text.slice(length / 2)}`
}

/** One salt per registry, so that a guess is hashed once and not once per open code. */
function saltOf(store: Store, crypto: Crypto): Uint8Array {
  return (
    store.read.settings.get('login-code-salt') ??
    store.change((tx) => {
      // Again inside the transaction: `owner-login` may have been faster.
      const existing = tx.settings.get('login-code-salt')
      if (existing !== undefined) return existing
      const salt = crypto.randomBytes(saltLength)
      tx.settings.put('login-code-salt', salt)
      return salt
    })
  )
}
