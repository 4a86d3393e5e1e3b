import { describe, expect, it } from 'vitest'
import { FakeTick } from './testing/fakes.js'

describe('tick', () => {
  it('runs notices before flushes, and flushes that notices cause in the same turn', () => {
    const tick = new FakeTick()
    const ran: string[] = []
    tick.flush(() => ran.push('flush 1'))
    tick.beforeFlush(() => {
      ran.push('notice')
      tick.flush(() => ran.push('flush 2'))
    })
    tick.end()
    expect(ran).toEqual(['notice', 'flush 1', 'flush 2'])
  })

  it('runs notices that notices cause in the next turn', () => {
    const tick = new FakeTick()
    const ran: string[] = []
    tick.beforeFlush(() => {
      ran.push('first')
      tick.beforeFlush(() => ran.push('second'))
    })
    tick.flush(() => ran.push('flush'))
    tick.end()
    expect(ran).toEqual(['first', 'flush', 'second'])
  })

  it('runs everything once', () => {
    const tick = new FakeTick()
    let runs = 0
    tick.flush(() => {
      runs += 1
    })
    tick.end()
    tick.end()
    expect(runs).toBe(1)
  })
})
