import { expect, test } from 'vitest'
import { interleave, median } from './rounds.js'

test('the median of an even number of values lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([3, 1, 2])).toBe(2)
})

test('variants take turns, and a ratio is the median of the ratios of each round', async () => {
  const order: string[] = []
  const values = { floor: [1, 100, 10], ours: [2, 300, 20] }
  const variant = (name: 'floor' | 'ours') => {
    let round = 0
    return async () => {
      order.push(name)
      return { cost: values[name][round++] as number }
    }
  }
  const result = await interleave({ floor: variant('floor'), ours: variant('ours') }, 3)
  expect(order).toEqual(['floor', 'ours', 'ours', 'floor', 'floor', 'ours'])
  expect(result.ratio('ours', 'floor', 'cost')).toBe(2)
  expect(result.median('floor', 'cost')).toBe(10)
})
