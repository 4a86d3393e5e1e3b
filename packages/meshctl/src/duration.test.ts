import { describe, expect, it } from 'vitest'
import { describeAge, describeUptime, parseDuration } from './duration.js'

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text, '--timeout')).toBe(ms)
  })

  it.each(['', '5', '5 s', '-1s', '1e3s', 's', '0s', '0.0001ms', '99999999d', '1S', '١s'])(
    'refuses %j, naming the option and the value',
    (text) => {
      expect(() => parseDuration(text, '--timeout')).toThrow(
        expect.objectContaining({
          code: 'usage',
          message: expect.stringContaining(`--timeout ${JSON.stringify(text)}`),
        }),
      )
    },
  )
})

describe('ages', () => {
  it('are told in their largest unit', () => {
    expect([400, 61_000, 7_300_000, 200_000_000].map(describeAge)).toEqual([
      '0 s',
      '1 m',
      '2 h',
      '2 d',
    ])
    expect([5_000, 185_000, 11_520_000, 200_000_000].map(describeUptime)).toEqual([
      '5 s',
      '3 m',
      '3 h 12 m',
      '2 d 7 h',
    ])
  })
})
