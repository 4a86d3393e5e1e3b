import { FakeClock } from '@agent-mesh/core/testing'
import { describe, expect, it } from 'vitest'
import { Epochs } from './epoch.js'

describe('epochs', () => {
  it('grow within a microsecond, across restarts and when the clock steps back', () => {
    const clock = new FakeClock()
    const first = new Epochs(clock)
    const numbers = [first.next(), first.next()]
    clock.setWall(clock.wall() - 10_000)
    numbers.push(first.next())
    clock.advance(20_000)
    const second = new Epochs(clock)
    numbers.push(second.next(), second.next())
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(Number.isSafeInteger(numbers.at(-1))).toBe(true)
  })
})
