import { sha512 } from '@noble/hashes/sha2.js'
import { equal, fromBase64url, toBase64url } from '../bytes.js'
import type { Crypto, DhKey } from '../crypto.js'
import { MeshError } from '../errors.js'
import { type AgentId, agentIdBytes, agentIdFromBytes } from './agent-id.js'
import { type SignContext, signedBytes } from './contexts.js'

const seedLength = 32
const filePrefix = 'agent-mesh-secret-key-v1:'
const redacted = '[secret key]'

/** Set once by the class below: the seed leaves a SecretKey through this file alone. */
let seedOf: (key: SecretKey) => Uint8Array

/**
 * The 32-byte seed of an agent. It never prints, serialises or inspects as anything but
 * `[secret key]`; `format()` is the one way out, for the key file. Compare with `equals`.
 */
export class SecretKey {
  readonly #seed: Uint8Array

  static {
    seedOf = (key) => key.#seed
  }

  private constructor(seed: Uint8Array) {
    this.#seed = seed
  }

  static generate(crypto: Crypto): SecretKey {
    return new SecretKey(crypto.randomBytes(seedLength).slice())
  }

  /** From 32 bytes, which are copied; throws 'invalid' for another length. */
  static fromSeed(seed: Uint8Array): SecretKey {
    if (seed.length !== seedLength) {
      throw new MeshError('invalid', `a secret key has ${seedLength} bytes, not ${seed.length}`)
    }
    return new SecretKey(seed.slice())
  }

  /** Reads what `format` wrote; white space around it is ignored. The error repeats none of it. */
  static parse(text: string): SecretKey {
    const line = text.trim()
    if (!line.startsWith(filePrefix)) {
      throw new MeshError('invalid', `a secret key begins with "${filePrefix}"`)
    }
    return SecretKey.fromSeed(fromBase64url(line.slice(filePrefix.length), 'the secret key'))
  }

  /** One line of text for a key file (0600), with a line feed at its end. */
  format(): string {
    return `${filePrefix}${toBase64url(this.#seed)}\n`
  }

  /** In constant time. */
  equals(other: SecretKey): boolean {
    return equal(this.#seed, other.#seed)
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted
  }
}

/** An agent that can act: its id, its signature and its Noise static key. */
export interface Keypair {
  readonly id: AgentId
  /** The only way to sign: 64 bytes over the context's label and `bytes`. */
  sign(context: SignContext, bytes: Uint8Array): Uint8Array
  /** The X25519 form of the identity; its public key is `x25519Of(id)`. */
  readonly noise: DhKey
}

export function createKeypair(secret: SecretKey, crypto: Crypto): Keypair {
  const seed = seedOf(secret)
  const signing = crypto.signingKey(seed)
  return {
    id: agentIdFromBytes(signing.publicKey),
    sign: (context, bytes) => signing.sign(signedBytes(context, bytes)),
    noise: crypto.dhKey(noiseSecret(seed)),
  }
}

/** Whether `id` signed `bytes` in this context. */
export function verify(
  crypto: Crypto,
  id: AgentId,
  context: SignContext,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return crypto.verify(agentIdBytes(id), signedBytes(context, bytes), signature)
}

/** The Ed25519 scalar (RFC 8032 §5.1.5), which is also the X25519 secret of the same point. */
function noiseSecret(seed: Uint8Array): Uint8Array {
  const scalar = sha512(seed).slice(0, 32)
  scalar[0] = (scalar[0] as number) & 248
  scalar[31] = ((scalar[31] as number) & 127) | 64
  return scalar
}
