/**
 * The cryptography the mesh needs, and no more. Two backends give the same answer to every input:
 * `nobleCrypto` runs anywhere, `nodeCrypto` (at `/node`) is about fifteen times faster on Node.
 * Everything is synchronous; lengths are checked and a wrong one throws MeshError 'invalid'.
 */
export interface Crypto {
  randomBytes(length: number): Uint8Array

  sha256(...parts: readonly Uint8Array[]): Uint8Array
  /** BLAKE2s with 32 bytes of output, no key (RFC 7693). */
  blake2s(...parts: readonly Uint8Array[]): Uint8Array
  /** HMAC (RFC 2104) over BLAKE2s, as Noise §4.3 wants it; not BLAKE2's own keyed mode. */
  hmacBlake2s(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array

  /** Ed25519 (RFC 8032) from its 32-byte seed. The key is prepared once and kept. */
  signingKey(seed: Uint8Array): SigningKey
  /**
   * Ed25519, cofactorless: S < L, and the bytes of R are those of [S]B − [k]A. The public key must
   * be canonical and not of small order. Anything else is false; only the caller's lengths matter
   * not at all.
   */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean

  /** X25519 (RFC 7748) from its 32 secret bytes, clamped or not. The key is prepared once. */
  dhKey(secret: Uint8Array): DhKey

  /** ChaCha20-Poly1305 (RFC 8439) under a 32-byte key. */
  aead(key: Uint8Array): Aead
}

export interface SigningKey {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export interface DhKey {
  readonly publicKey: Uint8Array
  /** The shared secret; throws 'invalid' where it is all zero (a point of small order). */
  agree(publicKey: Uint8Array): Uint8Array
}

export interface Aead {
  /** ciphertext ‖ 16-byte tag. The nonce has 12 bytes; it is never to be used twice. */
  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The plaintext, or undefined where the tag is wrong or missing. */
  open(nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

export const keyLength = 32
export const signatureLength = 64
export const nonceLength = 12
export const tagLength = 16
