import { decodeRelayFrame } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from './limits.js'
import { Undeliverable } from './undeliverable.js'

const alice = 'a'.repeat(32)
const bob = 'b'.repeat(32)

function taken(undeliverable: Undeliverable) {
  return undeliverable.take().map((bytes) => {
    const frame = decodeRelayFrame(bytes)
    if (frame.kind !== 'undeliverable') throw new Error(frame.kind)
    const to = Buffer.from(frame.to).toString('latin1', 0, 1)
    return [to, frame.reason, frame.first, frame.count, frame.retryAfterMs]
  })
}

describe('undeliverable', () => {
  it('makes one notice of neighbours', () => {
    const undeliverable = new Undeliverable(defaultLimits)
    for (let number = 3; number < 8; number++) undeliverable.add(alice, 'unreachable', number)
    expect(taken(undeliverable)).toEqual([['a', 'unreachable', 3, 5, 0]])
  })

  it('begins anew after a gap', () => {
    const undeliverable = new Undeliverable(defaultLimits)
    for (const number of [0, 1, 3]) undeliverable.add(alice, 'offline', number)
    expect(taken(undeliverable)).toEqual([
      ['a', 'offline', 0, 2, 1_000],
      ['a', 'offline', 3, 1, 1_000],
    ])
  })

  it('keeps receivers and reasons apart', () => {
    const undeliverable = new Undeliverable(defaultLimits)
    undeliverable.add(alice, 'congested', 0)
    undeliverable.add(bob, 'congested', 1)
    undeliverable.add(alice, 'too-large', 2)
    expect(taken(undeliverable)).toEqual([
      ['a', 'congested', 0, 1, 100],
      ['b', 'congested', 1, 1, 100],
      ['a', 'too-large', 2, 1, 0],
    ])
  })

  it('forgets what it told', () => {
    const undeliverable = new Undeliverable(defaultLimits)
    undeliverable.add(alice, 'offline', 0)
    expect(undeliverable.isEmpty).toBe(false)
    undeliverable.take()
    expect(undeliverable.isEmpty).toBe(true)
    undeliverable.add(alice, 'offline', 1)
    expect(taken(undeliverable)).toEqual([['a', 'offline', 1, 1, 1_000]])
  })
})
