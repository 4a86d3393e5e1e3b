import { toBase64url } from '../../bytes.js'
import type { Crypto } from '../../crypto.js'
import { tagLength } from '../../crypto.js'
import { type AgentId, x25519Of } from '../../identity/agent-id.js'
import type { Keypair } from '../../identity/keypair.js'

// Protects nothing. For tests with many thousands of sessions, where only bookkeeping is at stake.

function mix(parts: readonly Uint8Array[], salt: number): Uint8Array {
  const state = new Uint32Array(8).fill(salt)
  let at = 0
  for (const part of parts) {
    // Long parts are sampled: what is compared here is never forged.
    const step = part.length > 256 ? 61 : 1
    for (let i = 0; i < part.length; i += step) {
      state[at & 7] = Math.imul((state[at & 7] as number) ^ (part[i] as number), 0x01000193) + at
      at++
    }
  }
  for (let i = 0; i < 24; i++) {
    state[i & 7] = Math.imul((state[i & 7] as number) ^ (state[(i + 1) & 7] as number), 0x85ebca6b)
  }
  return new Uint8Array(state.buffer)
}

let randomState = 1

export const cheapCrypto: Crypto = {
  randomBytes(length) {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      randomState = (Math.imul(randomState, 1_664_525) + 1_013_904_223) | 0
      bytes[i] = randomState >>> 24
    }
    return bytes
  },
  sha256: (...parts) => mix(parts, 1),
  blake2s: (...parts) => mix(parts, 2),
  hmacBlake2s: (key, ...parts) => mix([key, ...parts], 3),
  signingKey: () => ({ publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) }),
  verify: () => true,
  dhKey: (secret) => cheapDhKey(mix([secret], 4)),
  aead: (key) => ({
    seal(nonce, ad, plaintext) {
      const sealed = new Uint8Array(plaintext.length + tagLength)
      sealed.set(plaintext)
      sealed.set(mix([key, nonce, ad, plaintext], 5).subarray(0, tagLength), plaintext.length)
      return sealed
    },
    open(nonce, ad, sealed) {
      const plaintext = sealed.slice(0, sealed.length - tagLength)
      const tag = mix([key, nonce, ad, plaintext], 5)
      for (let i = 0; i < tagLength; i++) {
        if (tag[i] !== sealed[plaintext.length + i]) return undefined
      }
      return plaintext
    },
  }),
}

function cheapDhKey(publicKey: Uint8Array) {
  return {
    publicKey,
    agree(other: Uint8Array) {
      const at = publicKey.findIndex((byte, i) => byte !== other[i])
      const isSmaller = at >= 0 && (publicKey[at] as number) < (other[at] as number)
      return mix(isSmaller ? [publicKey, other] : [other, publicKey], 6)
    },
  }
}

/** Agents that are made cheaply. Their ids look like ids; there is no point of the curve behind. */
export function cheapKeypairs(): () => Keypair {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  let n = 1
  return () => {
    view.setUint32(0, n++)
    const id = toBase64url(bytes) as AgentId
    return { id, sign: () => new Uint8Array(64), noise: cheapDhKey(x25519Of(id)) }
  }
}
