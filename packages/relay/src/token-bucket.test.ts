import { describe, expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.js'

const take = (bucket: TokenBucket, count: number) => {
  let isShort = false
  for (let i = 0; i < count; i++) isShort = bucket.take()
  return isShort
}

describe('token bucket', () => {
  it('gives a burst for nothing', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5, now: 0 })
    expect(take(bucket, 5)).toBe(false)
    expect(bucket.waitMs(0)).toBe(0)
  })

  it('says how long a debt takes to pay', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5, now: 0 })
    expect(take(bucket, 8)).toBe(true)
    expect(bucket.waitMs(0)).toBe(300)
    expect(bucket.waitMs(100)).toBe(200)
    expect(bucket.waitMs(300)).toBe(0)
  })

  it('saves no more than a burst', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5, now: 0 })
    expect(bucket.isFull(1_000_000)).toBe(true)
    take(bucket, 6)
    expect(bucket.waitMs(1_000_000)).toBe(100)
  })

  it('owes no more than its bound', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5, maxDebt: 2, now: 0 })
    take(bucket, 1_000)
    expect(bucket.waitMs(0)).toBe(200)
  })

  it('is not moved by a clock that steps back', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5, now: 1_000 })
    take(bucket, 6)
    expect(bucket.waitMs(0)).toBe(100)
  })
})
