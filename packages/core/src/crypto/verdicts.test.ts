import { createHash, webcrypto } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, utf8 } from '../bytes.js'
import { agentIdBytes } from '../identity/agent-id.js'
import { backends } from '../node/backends.js'
import {
  equivalents,
  honest,
  honestSeed,
  order,
  p,
  smallOrder,
  torsion,
} from '../testing/points.js'
import { isCanonicalKey } from './points.js'

// One verdict about every signature, in every backend. WebCrypto (browsers, Workers) is asynchronous
// and so no backend of ours, but whoever verifies with it behind the same door must agree as well.

const { Point } = ed25519
const honestKey = agentIdBytes(honest.id)

interface Case {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly verdict: boolean
}

/** What honest's signer would use: the clamped scalar, modulo L. */
const secret = littleEndian(clamp(sha512(honestSeed).subarray(0, 32))) % order
const nonce = 0x1234_5678_9abc_def0n

describe('the signature corpus', () => {
  const cases = [
    ...honestCases(),
    ...torsionInR(),
    ...mixedOrderKeys(),
    ...smallOrderKeys(),
    ...nonCanonicalKeys(),
    ...nonCanonicalR(),
    ...malleableS(),
  ]

  it.each(backends)('has one verdict in %s', (_, crypto) => {
    const verdicts = cases.map(({ name, publicKey, message, signature }) => [
      name,
      crypto.verify(publicKey, message, signature),
    ])
    expect(verdicts).toEqual(cases.map(({ name, verdict }) => [name, verdict]))
  })

  it('has the same verdict in WebCrypto, behind the same door', async () => {
    const verdicts = await Promise.all(
      cases.map(async (one) => [one.name, await verifyByWebCrypto(one)]),
    )
    expect(verdicts).toEqual(cases.map(({ name, verdict }) => [name, verdict]))
  })

  it('holds cases that a cofactored verifier, or one that decodes R, would judge otherwise', () => {
    const others = cases.filter(
      ({ publicKey, message, signature, verdict }) =>
        lenient(() => ed25519.verify(signature, message, publicKey, { zip215: true })) !== verdict,
    )
    expect(others.length).toBeGreaterThan(10)
  })
})

function honestCases(): Case[] {
  const message = utf8('hello')
  const { signature } = sign({ message, nonce })
  const changed = (at: number) => signature.map((byte, i) => (i === at ? byte ^ 1 : byte))
  return [
    { name: 'honest', publicKey: honestKey, message, signature, verdict: true },
    { name: 'R changed', publicKey: honestKey, message, signature: changed(3), verdict: false },
    { name: 'S changed', publicKey: honestKey, message, signature: changed(40), verdict: false },
    {
      name: 'other message',
      publicKey: honestKey,
      message: utf8('hullo'),
      signature,
      verdict: false,
    },
    ...[0, 63, 65].map((length) => ({
      name: `${length} bytes`,
      publicKey: honestKey,
      message,
      signature: concat(signature, signature).subarray(0, length),
      verdict: false,
    })),
    {
      name: 'key on no point',
      publicKey: scalarBytes(2n),
      message,
      signature: sign({ message, nonce, publicKey: scalarBytes(2n) }).signature,
      verdict: false,
    },
    {
      name: 'key of 31 bytes',
      publicKey: honestKey.subarray(1),
      message,
      signature,
      verdict: false,
    },
  ]
}

/** R + T with S computed for it: what a cofactored verifier accepts. */
function torsionInR(): Case[] {
  return torsion.map((t, i) => {
    const message = utf8('torsion in R')
    const { signature } = sign({ message, nonce, r: Point.BASE.multiply(nonce).add(t) })
    const name = `torsion ${i} in R`
    return { name, publicKey: honestKey, message, signature, verdict: i === 0 }
  })
}

/**
 * A + T: the verdict hangs on k·T, that is on (k mod L) mod 8. Several messages, so that both
 * verdicts come up, and k mod 8 and (k mod L) mod 8 differ somewhere.
 */
function mixedOrderKeys(): Case[] {
  return equivalents.flatMap((id, i) =>
    Array.from({ length: 24 }, (_, n) => {
      const message = utf8(`mixed order ${n}`)
      const publicKey = agentIdBytes(id)
      const negative = i >= 8
      const { signature, k } = sign({ message, nonce, publicKey, negative })
      const t = torsion[i % 8] as (typeof torsion)[number]
      const verdict = t.multiplyUnsafe(k % 8n).is0()
      return { name: `equivalent ${i}, message ${n}`, publicKey, message, signature, verdict }
    }),
  )
}

/** [S]B = R + [k]A holds for any message where A is small and R matches. */
function smallOrderKeys(): Case[] {
  return smallOrder.flatMap((publicKey, i) =>
    Array.from({ length: 8 }, (_, n) => {
      const message = utf8(`small order ${n}`)
      const signature = concat(Point.BASE.multiply(nonce).toBytes(), scalarBytes(nonce))
      return {
        name: `small order ${i}, message ${n}`,
        publicKey,
        message,
        signature,
        verdict: false,
      }
    }),
  )
}

/** y + p for each y below 19 that lies on the curve, and x = −0: OpenSSL reads all of them. */
function nonCanonicalKeys(): Case[] {
  const large = Array.from({ length: 19 }, (_, y) => scalarBytes(p + BigInt(y)))
  const minusZero = [1n, p - 1n].map((y) => scalarBytes(y | (1n << 255n)))
  return [...large, ...minusZero].map((publicKey, i) => {
    const message = utf8('non-canonical key')
    const { signature } = sign({ message, nonce, publicKey })
    return { name: `non-canonical key ${i}`, publicKey, message, signature, verdict: false }
  })
}

/** R = 0 by its three spellings; only the bytes of the canonical one are those of the point. */
function nonCanonicalR(): Case[] {
  const spellings = [scalarBytes(1n), scalarBytes(1n | (1n << 255n)), scalarBytes(p + 1n)]
  return spellings.map((rBytes, i) => {
    const message = utf8('non-canonical R')
    const { signature } = sign({ message, nonce: 0n, rBytes })
    const name = `spelling ${i} of R`
    return { name, publicKey: honestKey, message, signature, verdict: i === 0 }
  })
}

function malleableS(): Case[] {
  const message = utf8('malleable')
  const { signature } = sign({ message, nonce })
  const s = littleEndian(signature.subarray(32))
  const values = [s + order, s + 2n * order, order, 2n ** 256n - 1n]
  return values.map((value, i) => ({
    name: `S out of range ${i}`,
    publicKey: honestKey,
    message,
    signature: concat(signature.subarray(0, 32), scalarBytes(value)),
    verdict: false,
  }))
}

interface Signing {
  readonly message: Uint8Array
  readonly nonce: bigint
  /** What is hashed as A; honest's unless given. */
  readonly publicKey?: Uint8Array
  /** Sign with −a. */
  readonly negative?: boolean
  readonly r?: InstanceType<typeof Point>
  readonly rBytes?: Uint8Array
}

function sign(signing: Signing): { signature: Uint8Array; k: bigint } {
  const { message, nonce, publicKey = honestKey } = signing
  const r = signing.rBytes ?? (signing.r ?? Point.BASE.multiply(nonce)).toBytes()
  const k = littleEndian(sha512(concat(r, publicKey, message))) % order
  const a = signing.negative ? order - secret : secret
  return { signature: concat(r, scalarBytes((nonce + k * a) % order)), k }
}

async function verifyByWebCrypto({ publicKey, message, signature }: Case): Promise<boolean> {
  if (!isCanonicalKey(publicKey)) return false
  const usages: webcrypto.KeyUsage[] = ['verify']
  try {
    const { subtle } = webcrypto
    const key = await subtle.importKey('raw', publicKey, { name: 'Ed25519' }, true, usages)
    return await subtle.verify('Ed25519', key, signature, message)
  } catch {
    return false
  }
}

function lenient(verify: () => boolean): boolean {
  try {
    return verify()
  } catch {
    return false
  }
}

function sha512(bytes: Uint8Array): Uint8Array {
  return createHash('sha512').update(bytes).digest()
}

function clamp(bytes: Uint8Array): Uint8Array {
  const clamped = Uint8Array.from(bytes)
  clamped[0] = (clamped[0] as number) & 248
  clamped[31] = ((clamped[31] as number) & 127) | 64
  return clamped
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function scalarBytes(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')).reverse()
}
