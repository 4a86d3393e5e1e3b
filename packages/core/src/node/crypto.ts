import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { needLength } from '../crypto/lengths.js'
import { isCanonicalKey } from '../crypto/points.js'
import type { Aead, Crypto, DhKey, SigningKey } from '../crypto.js'
import { keyLength, nonceLength, signatureLength, tagLength } from '../crypto.js'
import { MeshError } from '../errors.js'

/** The backend of Node: OpenSSL through node:crypto, every private key a KeyObject that is kept. */
export const nodeCrypto: Crypto = {
  randomBytes: (length) => plain(randomBytes(length)),

  sha256: (...parts) => digest(createHash('sha256'), parts),
  blake2s: (...parts) => digest(createHash('blake2s256'), parts),
  hmacBlake2s: (key, ...parts) => digest(createHmac('blake2s256', key), parts),

  signingKey(seed): SigningKey {
    const key = importPrivateKey('Ed25519', needLength(seed, keyLength, 'seed'))
    return {
      publicKey: publicBytes(key),
      sign: (message) => plain(sign(null, message, key)),
    }
  },

  verify(publicKey, message, signature) {
    // OpenSSL takes y ≥ p, −0 and points of small order; the mesh takes none of them.
    if (signature.length !== signatureLength || !isCanonicalKey(publicKey)) return false
    return verify(null, message, importPublicKey('Ed25519', publicKey), signature)
  },

  dhKey(secret): DhKey {
    const key = importPrivateKey('X25519', needLength(secret, keyLength, 'secret'))
    return {
      publicKey: publicBytes(key),
      agree(publicKey) {
        needLength(publicKey, keyLength, 'public key')
        try {
          return plain(
            diffieHellman({ privateKey: key, publicKey: importPublicKey('X25519', publicKey) }),
          )
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
        const cipher = createCipheriv('chacha20-poly1305', kept, nonce, tagOptions)
        cipher.setAAD(ad, { plaintextLength: plaintext.length })
        const body = cipher.update(plaintext)
        cipher.final()
        const sealed = new Uint8Array(body.length + tagLength)
        sealed.set(body)
        sealed.set(cipher.getAuthTag(), body.length)
        return sealed
      },
      open(nonce, ad, sealed) {
        needLength(nonce, nonceLength, 'nonce')
        const length = sealed.length - tagLength
        if (length < 0) return undefined
        const decipher = createDecipheriv('chacha20-poly1305', kept, nonce, tagOptions)
        decipher.setAAD(ad, { plaintextLength: length })
        decipher.setAuthTag(sealed.subarray(length))
        const plaintext = decipher.update(sealed.subarray(0, length))
        try {
          decipher.final()
        } catch {
          return undefined
        }
        return plain(plaintext)
      },
    }
  },
}

const tagOptions = { authTagLength: tagLength }

type Curve = 'Ed25519' | 'X25519'

// JWK is the cheap door to OpenSSL's raw keys (DER costs ten times as much). A private key wants
// an `x` as well, but any will do: OpenSSL computes its own, and exports that one.
const anyX = 'A'.repeat(43)

function importPrivateKey(crv: Curve, secret: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv, x: anyX, d: base64url(secret) }
  return createPrivateKey({ key, format: 'jwk' })
}

function importPublicKey(crv: Curve, publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv, x: base64url(publicKey) }, format: 'jwk' })
}

// Safe only because the key was imported: exporting a freshly *generated* X25519 key as JWK can
// deadlock the process on Node 20 (a garbage collection inside the export takes the same lock).
function publicBytes(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' })
  if (x === undefined)
    throw new MeshError('internal', 'OpenSSL exported a key without its public part')
  return plain(Buffer.from(x, 'base64url'))
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

interface Hash {
  update(part: Uint8Array): Hash
  digest(): Buffer
}

function digest(hash: Hash, parts: readonly Uint8Array[]): Uint8Array {
  for (const part of parts) hash.update(part)
  return plain(hash.digest())
}

// A Buffer is a Uint8Array whose slice() shares and whose toString() and toJSON() differ; what
// leaves the backend is the plain thing, over the same memory.
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
