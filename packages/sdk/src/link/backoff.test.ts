import { expect, test } from 'vitest'
import { Backoff } from './backoff.js'

test('waits grow from a quarter of a second to 15 s, with jitter over the upper half', () => {
  const longest = new Backoff(() => 0.999_999)
  const shortest = new Backoff(() => 0)
  const steps = Array.from({ length: 9 }, () => [shortest.next(), Math.round(longest.next())])
  expect(steps).toEqual([
    [125, 250],
    [250, 500],
    [500, 1_000],
    [1_000, 2_000],
    [2_000, 4_000],
    [4_000, 8_000],
    [7_500, 15_000],
    [7_500, 15_000],
    [7_500, 15_000],
  ])
})

test('after a success it begins again', () => {
  const backoff = new Backoff(() => 0)
  backoff.next()
  backoff.next()
  expect(backoff.failures).toBe(2)
  backoff.reset()
  expect(backoff.failures).toBe(0)
  expect(backoff.next()).toBe(125)
})
