/** A person's token: `mesh_` and 256 random bits. Only its SHA-256 is stored. */
import { createHash } from 'node:crypto'
import { type Crypto, toBase64url } from '@agent-mesh/core'

export const tokenPattern = /^mesh_[A-Za-z0-9_-]{43}$/

export function createToken(crypto: Crypto): string {
  return `mesh_${toBase64url(crypto.randomBytes(32))}`
}

/** No salt and no stretching: there is nothing to guess in 256 random bits. */
export function hashToken(token: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(token).digest())
}
