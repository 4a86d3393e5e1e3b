import { toHex } from '../../bytes.js'
import type { Crypto } from '../../crypto.js'

/**
 * The same cryptography, watched: throws as soon as one (key, nonce) is to seal a second plaintext.
 * Sealing the same once more would be harmless, but nothing here needs it, so it throws as well.
 */
export function watchfulCrypto(crypto: Crypto): Crypto {
  const used = new Map<string, Set<string>>()
  return {
    ...crypto,
    aead(key) {
      const aead = crypto.aead(key)
      const name = toHex(key)
      return {
        open: (nonce, ad, sealed) => aead.open(nonce, ad, sealed),
        seal(nonce, ad, plaintext) {
          let nonces = used.get(name)
          if (nonces === undefined) {
            nonces = new Set()
            used.set(name, nonces)
          }
          const number = toHex(nonce)
          if (nonces.has(number)) throw new Error('a key seals twice with one nonce')
          nonces.add(number)
          return aead.seal(nonce, ad, plaintext)
        },
      }
    },
  }
}
