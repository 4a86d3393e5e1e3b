import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concat } from '../bytes.js'
import type { Aead, Crypto, DhKey, SigningKey } from '../crypto.js'
import { keyLength, nonceLength, signatureLength, tagLength } from '../crypto.js'
import { MeshError } from '../errors.js'
import { needLength } from './lengths.js'
import { isCanonicalKey, verifyCofactorless } from './points.js'

/** The portable backend: @noble in plain JavaScript, randomness from the runtime. */
export const nobleCrypto: Crypto = {
  randomBytes(length) {
    const bytes = new Uint8Array(length)
    // getRandomValues takes at most 65,536 bytes at once.
    for (let at = 0; at < length; at += 65_536) {
      globalThis.crypto.getRandomValues(bytes.subarray(at, at + 65_536))
    }
    return bytes
  },

  sha256: (...parts) => digest(sha256.create(), parts),
  blake2s: (...parts) => digest(blake2s.create(), parts),
  hmacBlake2s: (key, ...parts) => digest(hmac.create(blake2s, key), parts),

  signingKey(seed): SigningKey {
    const secret = needLength(seed, keyLength, 'seed').slice()
    return {
      publicKey: ed25519.getPublicKey(secret),
      sign: (message) => ed25519.sign(message, secret),
    }
  },

  verify(publicKey, message, signature) {
    if (signature.length !== signatureLength || !isCanonicalKey(publicKey)) return false
    const challenge = sha512(concat(signature.subarray(0, 32), publicKey, message))
    return verifyCofactorless(publicKey, signature, challenge)
  },

  dhKey(secret): DhKey {
    const scalar = needLength(secret, keyLength, 'secret').slice()
    return {
      publicKey: x25519.getPublicKey(scalar),
      agree(publicKey) {
        needLength(publicKey, keyLength, 'public key')
        try {
          return x25519.getSharedSecret(scalar, publicKey)
        } catch (cause) {
          throw new MeshError('invalid', 'the public key agrees on nothing', { cause })
        }
      },
    }
  },

  aead(key): Aead {
    const kept = needLength(key, keyLength, 'key').slice()
    return {
      seal(nonce, ad, plaintext) {
        needLength(nonce, nonceLength, 'nonce')
        return chacha20poly1305(kept, nonce, ad).encrypt(plaintext)
      },
      open(nonce, ad, sealed) {
        needLength(nonce, nonceLength, 'nonce')
        if (sealed.length < tagLength) return undefined
        try {
          return chacha20poly1305(kept, nonce, ad).decrypt(sealed)
        } catch {
          return undefined
        }
      },
    }
  },
}

interface Hash {
  update(part: Uint8Array): Hash
  digest(): Uint8Array
}

function digest(hash: Hash, parts: readonly Uint8Array[]): Uint8Array {
  for (const part of parts) hash.update(part)
  return hash.digest()
}
