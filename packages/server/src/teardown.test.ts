import { describe, expect, it } from 'vitest'
import { Teardown } from './teardown.js'

describe('a teardown', () => {
  it('runs newest first, one after the other, each step once', async () => {
    const order: string[] = []
    const teardown = new Teardown()
    teardown.add(() => order.push('opened first'))
    teardown.add(async () => {
      await Promise.resolve()
      order.push('opened second')
    })
    await teardown.run()
    await teardown.run()
    expect(order).toEqual(['opened second', 'opened first'])
  })

  it('goes on after a step that fails, and then says so', async () => {
    let reached = false
    const teardown = new Teardown()
    teardown.add(() => {
      reached = true
    })
    teardown.add(() => Promise.reject(new Error('stuck')))
    await expect(teardown.run()).rejects.toThrow('not everything')
    expect(reached).toBe(true)
  })
})
