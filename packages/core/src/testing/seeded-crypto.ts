import { utf8 } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import type { Crypto } from '../crypto.js'

/** A backend whose randomness repeats with the seed: ephemeral keys, nonces and all. */
export function seededCrypto(seed: string | number, base: Crypto = nobleCrypto): Crypto {
  let block = new Uint8Array(0)
  let blocks = 0
  const nextByte = () => {
    if (block.length === 0) block = Uint8Array.from(base.sha256(utf8(`${seed}/${blocks++}`)))
    const [byte] = block
    block = block.subarray(1)
    return byte as number
  }
  return { ...base, randomBytes: (length) => Uint8Array.from({ length }, nextByte) }
}
