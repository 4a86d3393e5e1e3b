import { ed25519 } from '@noble/curves/ed25519.js'
import { fromHex } from '../bytes.js'

// Points of edwards25519 as bytes (RFC 8032 §5.1.2): y little-endian, the sign of x in the top bit.

/** p, little-endian. */
const fieldBytes = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

// The y of the eight points of small order: 0 (twice), 1, −1, and the two of order eight (each
// twice). Listing y alone also covers the impossible encodings of x = −0 at y = ±1.
const smallOrderY = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => fromHex(hex))

/** Whether these 32 bytes spell a point in its one canonical form (y < p) that has no small order. */
export function isCanonicalKey(bytes: Uint8Array): boolean {
  return bytes.length === 32 && isBelowField(bytes) && !smallOrderY.some((y) => hasY(bytes, y))
}

/** Whether the bytes spell a point of the curve; costs a square root (about 0.05 ms). */
export function isOnCurve(bytes: Uint8Array): boolean {
  return decodePoint(bytes) !== undefined
}

/** Whether the point lies in the subgroup of prime order; costs a multiplication (about 0.6 ms). */
export function isTorsionFree(bytes: Uint8Array): boolean {
  return decodePoint(bytes)?.isTorsionFree() ?? false
}

/**
 * u = (1+y)/(1−y), the X25519 form of a point (RFC 7748 §4.1). The sign of x does not matter, and
 * nothing is decoded: the bytes are those of a canonical key (see isCanonicalKey).
 */
export function montgomeryForm(bytes: Uint8Array): Uint8Array {
  const { Fp } = ed25519.Point
  const y = littleEndian(bytes) & ((1n << 255n) - 1n)
  return Fp.toBytes(Fp.div(Fp.add(Fp.ONE, y), Fp.sub(Fp.ONE, y)))
}

function decodePoint(bytes: Uint8Array) {
  try {
    return ed25519.Point.fromBytes(bytes)
  } catch {
    return undefined
  }
}

function isBelowField(bytes: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = (bytes[i] as number) & (i === 31 ? 0x7f : 0xff)
    const limit = fieldBytes[i] as number
    if (byte !== limit) return byte < limit
  }
  return false
}

function hasY(bytes: Uint8Array, y: Uint8Array): boolean {
  return y.every((byte, i) => byte === ((bytes[i] as number) & (i === 31 ? 0x7f : 0xff)))
}

const { Point } = ed25519
const order = Point.Fn.ORDER

/**
 * RFC 8032 §5.1.7 without the cofactor, as OpenSSL does it: R is never decoded, its bytes are
 * compared. `challenge` is SHA-512(R ‖ A ‖ message); it is reduced modulo L before it multiplies A,
 * which makes a difference where A has a torsion part.
 */
export function verifyCofactorless(
  publicKey: Uint8Array,
  signature: Uint8Array,
  challenge: Uint8Array,
): boolean {
  const a = decodePoint(publicKey)
  const s = littleEndian(signature.subarray(32))
  if (a === undefined || s >= order) return false
  const k = littleEndian(challenge) % order
  const r = Point.BASE.multiplyUnsafe(s).add(a.negate().multiplyUnsafe(k)).toBytes()
  return r.every((byte, i) => byte === signature[i])
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}
