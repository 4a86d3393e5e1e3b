import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { limits } from './limits.js'
import { Nonces } from './nonces.js'

describe('a nonce', () => {
  it('is fresh until it is spent', () => {
    const nonces = new Nonces(nodeCrypto)
    const nonce = nonces.issue(1_000)
    expect(nonce).toHaveLength(32)
    expect(nonces.isFresh(nonce, 1_000)).toBe(true)
    nonces.spend(nonce, 1_000, 'alice')
    expect(nonces.isFresh(nonce, 1_000)).toBe(false)
  })

  it('expires', () => {
    const nonces = new Nonces(nodeCrypto)
    const nonce = nonces.issue(1_000)
    expect(nonces.isFresh(nonce, 1_000 + limits.nonceMs - 1)).toBe(true)
    expect(nonces.isFresh(nonce, 1_000 + limits.nonceMs)).toBe(false)
  })

  it('is worth nothing when a single bit differs, or in another process', () => {
    const nonces = new Nonces(nodeCrypto)
    const nonce = nonces.issue(0)
    for (let bit = 0; bit < nonce.length * 8; bit++) {
      const forged = nonce.slice()
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(nonces.isFresh(forged, 0)).toBe(false)
    }
    expect(new Nonces(nodeCrypto).isFresh(nonce, 0)).toBe(false)
    expect(nonces.isFresh(new Uint8Array(31), 0)).toBe(false)
  })

  it('is not remembered longer than it lives', () => {
    const nonces = new Nonces(nodeCrypto)
    const old = nonces.issue(0)
    nonces.spend(old, 0, 'alice')
    const later = nonces.issue(limits.nonceMs * 2)
    nonces.spend(later, limits.nonceMs * 2, 'alice')
    // Forgotten, and still useless: it has expired.
    expect(nonces.isFresh(old, limits.nonceMs * 2)).toBe(false)
  })

  it('is refused to one agent that spends too many, and not to the others', () => {
    const nonces = new Nonces(nodeCrypto)
    const spend = (by: string, now: number) => nonces.spend(nonces.issue(now), now, by)
    for (let n = 0; n < limits.usedNoncesPerAgent; n++) spend('alice', 0)
    expect(() => spend('alice', 0)).toThrow(/too many requests/)
    spend('bob', 0)
    spend('alice', limits.nonceMs)
  })
})
