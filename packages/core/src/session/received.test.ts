import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sessionLimits } from './limits.js'
import { Received } from './received.js'

const windowPackets = 32

/** Offers packets by number; gives those that were handed on, in that order. */
function offer(received: Received, numbers: readonly number[]): number[] {
  const handed: number[] = []
  for (const number of numbers) {
    if (!received.admits(number)) continue
    if (number > received.cumulative) {
      received.hold(number, Uint8Array.of(number), 0)
      continue
    }
    handed.push(number)
    received.takeNext(1, 0)
    for (let held = received.nextHeld(); held; held = received.nextHeld()) {
      handed.push(held[0] as number)
      received.takeHeld(held)
    }
  }
  return handed
}

describe('the receiving end', () => {
  test('hands every packet on once and in order, in whatever order they come', () => {
    const numbers = fc.array(fc.nat({ max: 100 }), { maxLength: 400 })
    fc.assert(
      fc.property(numbers, (arrivals) => {
        const received = new Received({ ...sessionLimits, windowPackets })
        const handed = offer(received, arrivals)
        expect(handed).toEqual(handed.map((_, i) => i))
        expect(received.cumulative).toBe(handed.length)
      }),
    )
  })

  test('takes n iff cumulative ≤ n < cumulative + window, and unseen', () => {
    const numbers = fc.array(fc.nat({ max: 60 }), { maxLength: 60 })
    fc.assert(
      fc.property(numbers, fc.nat({ max: 200 }), (arrivals, number) => {
        const received = new Received({ ...sessionLimits, windowPackets })
        offer(received, arrivals)
        const { cumulative, ranges } = received.acknowledgement(0)
        const isHeld = ranges.some(({ start, end }) => start <= number && number < end)
        const isInWindow = cumulative <= number && number < cumulative + windowPackets
        expect(received.admits(number)).toBe(isInWindow && !isHeld)
      }),
    )
  })

  test('acknowledges exactly what it holds, in ranges that do not touch', () => {
    const numbers = fc.array(fc.nat({ max: 60 }), { maxLength: 60 })
    fc.assert(
      fc.property(numbers, (arrivals) => {
        const received = new Received({ ...sessionLimits, windowPackets })
        offer(received, arrivals)
        const { cumulative, ranges } = received.acknowledgement(0)
        let at = cumulative
        for (const { start, end } of ranges) {
          expect(start).toBeGreaterThan(at)
          expect(end).toBeGreaterThan(start)
          at = end
        }
        const held = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
        expect(received.heldBytes).toBe(held)
      }),
    )
  })

  test('acknowledges at once on a gap, on many packets or bytes, and else within 20 ms', () => {
    const one = new Received(sessionLimits)
    one.takeNext(100, 1_000)
    expect(one.dueAt).toBe(1_020)
    one.hold(3, Uint8Array.of(3), 1_005)
    expect(one.dueAt).toBe(1_005)

    const many = new Received(sessionLimits)
    for (let i = 0; i < 15; i++) many.takeNext(10, 1_000)
    expect(many.dueAt).toBe(1_020)
    many.takeNext(10, 1_001)
    expect(many.dueAt).toBe(1_001)

    const much = new Received(sessionLimits)
    much.takeNext(65_536, 1_000)
    expect(much.dueAt).toBe(1_000)
    much.acknowledgement(1_000)
    expect(much.dueAt).toBeUndefined()
  })

  test('acknowledges a repetition, but not each of a flood', () => {
    const received = new Received(sessionLimits)
    received.takeNext(1, 1_000)
    received.acknowledgement(1_000)
    received.acknowledgeAgain(1_001)
    expect(received.dueAt).toBe(1_005)
    received.acknowledgement(1_005)
    received.acknowledgeAgain(2_000)
    expect(received.dueAt).toBe(2_000)
  })
})
