import { describe, expect, it } from 'vitest'
import type { AgentId } from '../identity/agent-id.js'
import { equivalents, honest } from '../testing/points.js'
import { RevocationSet } from './revocation.js'

describe('RevocationSet', () => {
  it('holds what was added, once', () => {
    const set = new RevocationSet()
    expect(set.has(honest.id)).toBe(false)
    expect(set.add(honest.id)).toBe(true)
    expect(set.add(honest.id)).toBe(false)
    expect(set.has(honest.id)).toBe(true)
    expect(set.size).toBe(1)
    expect(new RevocationSet([honest.id]).has(honest.id)).toBe(true)
  })

  it('lets A and −A fall together, and nobody else', () => {
    const [a, minusA] = [equivalents[0], equivalents[8]] as [AgentId, AgentId]
    expect(minusA).not.toBe(a)
    const set = new RevocationSet([a])
    expect(equivalents.filter((id) => set.has(id))).toEqual([a, minusA])
    expect(set.add(minusA)).toBe(false)
  })
})
