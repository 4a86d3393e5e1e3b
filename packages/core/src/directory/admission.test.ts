import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../bytes.js'
import { createKeypair, type Keypair, SecretKey } from '../identity/keypair.js'
import { maxAdmissionBytes, maxAdmissionMs, maxClockSkewMs } from '../limits.js'
import { nodeCrypto } from '../node/crypto.js'
import { admissionStatements } from '../testing/index.js'
import { type AdmissionStatement, signAdmission, verifyAdmission } from './admission.js'
import { signedFromBytes, signedToBytes } from './document.js'

const registry = keypairOf(1)
const agent = keypairOf(2)
const now = Date.UTC(2030, 0, 1)
const refused = expect.objectContaining({ code: 'login-refused' })

function keypairOf(fill: number): Keypair {
  return createKeypair(SecretKey.fromSeed(new Uint8Array(32).fill(fill)), nodeCrypto)
}

function statement(overrides: Partial<AdmissionStatement> = {}): AdmissionStatement {
  const dates = { notBefore: now, notAfter: now + maxAdmissionMs }
  return { id: agent.id, groups: ['default'], foreign: [], ...dates, ...overrides }
}

function verifyAt(nowWall: number, signed = signAdmission(registry, statement()).signed) {
  return verifyAdmission(nodeCrypto, signed, { registry: registry.id, nowWall })
}

describe('an admission', () => {
  it('says the same to whoever knows the registry’s key', () => {
    fc.assert(
      fc.property(admissionStatements(agent.id, now), (said) => {
        const admission = signAdmission(registry, said)
        const signed = signedFromBytes(signedToBytes(admission.signed), maxAdmissionBytes)
        const read = verifyAt(now, signed)
        expect(read).toEqual(admission)
        expect(read).toMatchObject({ ...said, registry: registry.id })
      }),
      { numRuns: 50 },
    )
  })

  it('is pinned to the byte', () => {
    const { json, signature } = signAdmission(registry, statement()).signed
    expect(fromUtf8(json)).toBe(
      `{"v":1,"registry":"${registry.id}","id":"${agent.id}","groups":["default"],"foreign":[],"notBefore":${now},"notAfter":${now + 3_600_000}}`,
    )
    expect(signature).toEqual(registry.sign('admission', json))
  })

  it('is valid from its beginning to just before its end', () => {
    expect(verifyAt(now).id).toBe(agent.id)
    expect(verifyAt(now + maxAdmissionMs - 1).id).toBe(agent.id)
    expect(() => verifyAt(now + maxAdmissionMs)).toThrow('has run out')
  })

  it('bears a clock that is behind by as much as the limit, and no more', () => {
    expect(verifyAt(now - maxClockSkewMs).id).toBe(agent.id)
    expect(() => verifyAt(now - maxClockSkewMs - 1)).toThrow('begins later')
  })

  it('is refused from another registry, even a signed one', () => {
    const other = keypairOf(3)
    const foreign = signAdmission(other, statement()).signed
    expect(() => verifyAt(now, foreign)).toThrow(refused)
    const json = signAdmission(other, statement()).signed.json
    const relabelled = { json, signature: registry.sign('admission', json) }
    expect(() => verifyAt(now, relabelled)).toThrow(refused)
  })

  it('is refused with any byte changed, before it is parsed', () => {
    const { json, signature } = signAdmission(registry, statement()).signed
    for (let at = 0; at < json.length; at++) {
      const changed = json.map((byte, i) => (i === at ? byte ^ 1 : byte))
      expect(() => verifyAt(now, { json: changed, signature })).toThrow(refused)
    }
    expect(() => verifyAt(now, { json: utf8('{'), signature })).toThrow(refused)
  })

  it('is refused where it is valid for longer than an hour, even if the registry signed it', () => {
    const notAfter = now + maxAdmissionMs + maxClockSkewMs + 1
    const said = { v: 1, registry: registry.id, ...statement({ notAfter }) }
    const json = utf8(JSON.stringify(said))
    const signed = { json, signature: registry.sign('admission', json) }
    expect(() => verifyAt(now, signed)).toThrow('valid for too long')
  })

  it('is not signed for longer than an hour, for nothing, or with names that are none', () => {
    const refusals = [
      { notAfter: now + maxAdmissionMs + 1 },
      { notAfter: now },
      { groups: ['Default'] },
      { groups: Array.from({ length: 25 }, (_, i) => `g${i}`) },
      { notBefore: 0.5, notAfter: 1.5 },
    ]
    for (const overrides of refusals) {
      expect(() => signAdmission(registry, statement(overrides))).toThrow(
        expect.objectContaining({ code: 'invalid' }),
      )
    }
  })

  it('holds as many groups of the longest names as it may', () => {
    const groups = Array.from({ length: 24 }, (_, i) => String(i).padStart(63, 'g'))
    const admission = signAdmission(registry, statement({ groups, foreign: groups }))
    expect(admission.signed.json.length).toBeLessThanOrEqual(maxAdmissionBytes)
  })
})
