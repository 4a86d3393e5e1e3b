import { describe, expect, it } from 'vitest'
import { Slots } from './slots.js'

const never = new AbortController().signal

describe('slots', () => {
  it('let in as many as may run, and the next when one leaves, in order', async () => {
    const slots = new Slots({ running: 1, queued: 2 })
    const order: string[] = []
    const release = await slots.take(never)
    const second = slots.take(never).then((leave) => {
      order.push('second')
      leave()
    })
    const third = slots.take(never).then((leave) => {
      order.push('third')
      leave()
    })
    expect([slots.running, slots.queued]).toEqual([1, 2])
    release()
    await Promise.all([second, third])
    expect(order).toEqual(['second', 'third'])
    expect([slots.running, slots.queued]).toEqual([0, 0])
  })

  it('turn away with busy when the line is full', async () => {
    const slots = new Slots({ running: 1, queued: 0 })
    await slots.take(never)
    await expect(slots.take(never)).rejects.toMatchObject({ code: 'busy' })
  })

  it('take one back once, however often it is given', async () => {
    const slots = new Slots({ running: 2, queued: 0 })
    const release = await slots.take(never)
    await slots.take(never)
    release()
    release()
    expect(slots.running).toBe(1)
  })

  it('let a waiting one leave the line', async () => {
    const slots = new Slots({ running: 1, queued: 1 })
    const release = await slots.take(never)
    const abort = new AbortController()
    const waiting = slots.take(abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    release()
    expect([slots.running, slots.queued]).toEqual([0, 0])
  })
})
