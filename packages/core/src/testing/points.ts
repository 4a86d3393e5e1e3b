import { ed25519 } from '@noble/curves/ed25519.js'
import { fromHex } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import { type AgentId, agentIdBytes, agentIdFromBytes } from '../identity/agent-id.js'
import { createKeypair, SecretKey } from '../identity/keypair.js'

// Raw material for attacks on identities: the torsion points, and one honest agent's key moved by
// each of them.

const { Point } = ed25519
type Point = InstanceType<typeof Point>

export const p = 2n ** 255n - 19n
export const order: bigint = Point.Fn.ORDER

const eighth = Point.fromBytes(
  fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
)

/** The eight points of small order, the neutral one first. */
export const torsion: readonly Point[] = Array.from({ length: 8 }, (_, i) =>
  eighth.multiplyUnsafe(BigInt(i)),
)

export const smallOrder: readonly Uint8Array[] = torsion.map((point) => point.toBytes())

export const honestSeed = new Uint8Array(32).fill(7)
export const honest = createKeypair(SecretKey.fromSeed(honestSeed), nobleCrypto)
const honestPoint = Point.fromBytes(agentIdBytes(honest.id))

/** A + T for each torsion point, then −A + T: sixteen ids of one X25519 secret. */
export const equivalents: readonly AgentId[] = [honestPoint, honestPoint.negate()].flatMap((a) =>
  torsion.map((t) => agentIdFromBytes(a.add(t).toBytes())),
)
