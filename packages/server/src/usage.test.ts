import { expect, it } from 'vitest'
import { usage } from './usage.js'

it('fits a terminal of 80 columns', () => {
  expect(usage.split('\n').filter((line) => line.length > 80)).toEqual([])
})
