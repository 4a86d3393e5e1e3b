import { describe, expect, it } from 'vitest'
import { Liveness } from './liveness.js'

describe('liveness', () => {
  it('asks after one heartbeat of silence and gives up after another', () => {
    const liveness = new Liveness(100, 0)
    expect(liveness.check(99)).toBe('alive')
    expect(liveness.check(100)).toBe('ask')
    expect(liveness.check(199)).toBe('alive')
    expect(liveness.check(200)).toBe('dead')
  })

  it('begins anew with every sign of life', () => {
    const liveness = new Liveness(100, 0)
    liveness.check(100)
    liveness.heard()
    expect(liveness.check(150)).toBe('alive')
    expect(liveness.check(249)).toBe('alive')
    expect(liveness.check(250)).toBe('ask')
  })

  it('buries nobody for a standstill of our own', () => {
    const liveness = new Liveness(100, 0)
    expect(liveness.check(5_000)).toBe('ask')
    expect(liveness.check(5_050)).toBe('alive')
    expect(liveness.check(5_100)).toBe('dead')
  })
})
