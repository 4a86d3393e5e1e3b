import { nobleCrypto } from '../crypto/noble.js'
import type { Crypto } from '../crypto.js'
import { nodeCrypto } from './crypto.js'

/** Every backend by name, for tests that must hold for each: `describe.each(backends)`. */
export const backends: readonly (readonly [name: string, crypto: Crypto])[] = [
  ['noble', nobleCrypto],
  ['node', nodeCrypto],
]
