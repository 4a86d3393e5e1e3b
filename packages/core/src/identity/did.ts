import { concat } from '../bytes.js'
import { MeshError } from '../errors.js'
import { type AgentId, agentIdBytes, agentIdFromBytes } from './agent-id.js'

// did:key (W3C CCG): `did:key:z` ‖ base58btc(multicodec 0xed01 ‖ public key).

const prefix = 'did:key:z'
const ed25519Codec = Uint8Array.of(0xed, 0x01)
const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const byteLength = 34
// 34 bytes that begin with 0xed always come to this many digits.
const digitCount = 47

/** The other spelling of an id. */
export function didKeyOf(id: AgentId): string {
  let number = 0n
  for (const byte of concat(ed25519Codec, agentIdBytes(id))) number = number * 256n + BigInt(byte)
  let digits = ''
  for (; number > 0n; number /= 58n) digits = base58.charAt(Number(number % 58n)) + digits
  return prefix + digits
}

/** The id of a did:key; throws 'invalid' where it is no Ed25519 key or no acceptable id. */
export function agentIdOfDidKey(did: string): AgentId {
  const digits = did.slice(prefix.length)
  if (!did.startsWith(prefix) || digits.length !== digitCount) throw invalid()
  let number = 0n
  for (const digit of digits) {
    const value = base58.indexOf(digit)
    if (value < 0) throw invalid()
    number = number * 58n + BigInt(value)
  }
  const bytes = new Uint8Array(byteLength)
  for (let i = byteLength - 1; i >= 0; i--) {
    bytes[i] = Number(number & 0xffn)
    number >>= 8n
  }
  if (number > 0n || bytes[0] !== ed25519Codec[0] || bytes[1] !== ed25519Codec[1]) throw invalid()
  return agentIdFromBytes(bytes.subarray(2))
}

function invalid(): MeshError {
  return new MeshError('invalid', 'not the did:key of an Ed25519 public key')
}
