import { FakeClock } from '@agent-mesh/core/testing'
import { describe, expect, it } from 'vitest'
import { FakeTick } from './testing/fakes.js'
import { Throttle } from './throttle.js'
import { TokenBucket } from './token-bucket.js'

function setUp() {
  const clock = new FakeClock()
  const tick = new FakeTick()
  const said: string[] = []
  let due: { task: () => void; at: number } | undefined
  const throttle = new Throttle({
    rate: new TokenBucket({ perSecond: 1_000, burst: 10, now: clock.now() }),
    clock,
    tick,
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
    announce: (ms) => said.push(`throttled ${ms}`),
    after: (ms, task) => {
      due = { task, at: clock.now() + ms }
      return () => {
        due = undefined
      }
    },
  })
  const count = (frames: number) => {
    for (let i = 0; i < frames; i++) throttle.count()
  }
  const pass = (ms: number) => {
    clock.advance(ms)
    const ready = due
    if (!ready || ready.at > clock.now()) return
    due = undefined
    ready.task()
  }
  return { throttle, tick, said, count, pass, hasTimer: () => due !== undefined }
}

describe('throttle', () => {
  it('lets a burst pass without a word', () => {
    const { tick, said, count } = setUp()
    count(10)
    tick.end()
    expect(said).toEqual([])
  })

  it('pauses, announces the whole debt once, and reads on when it is paid', () => {
    const { throttle, tick, said, count, pass } = setUp()
    count(30)
    expect(said).toEqual(['pause'])
    tick.end()
    expect(said).toEqual(['pause', 'throttled 20'])
    pass(19)
    expect(throttle.isPaused).toBe(true)
    pass(1)
    expect(said).toEqual(['pause', 'throttled 20', 'resume'])
    expect(throttle.isPaused).toBe(false)
  })

  it('waits on without another word when more had been read already', () => {
    const { tick, said, count, pass } = setUp()
    count(20)
    tick.end()
    count(5)
    pass(10)
    expect(said).toEqual(['pause', 'throttled 10'])
    pass(5)
    expect(said).toEqual(['pause', 'throttled 10', 'resume'])
  })

  it('announces every new pause', () => {
    const { tick, said, count, pass } = setUp()
    count(11)
    tick.end()
    pass(1)
    count(2)
    tick.end()
    expect(said.filter((word) => word.startsWith('throttled'))).toEqual([
      'throttled 1',
      'throttled 2',
    ])
  })

  it('leaves neither a pause nor a timer when it is stopped', () => {
    const { throttle, tick, said, count, hasTimer } = setUp()
    count(20)
    tick.end()
    throttle.stop()
    expect([said.at(-1), hasTimer()]).toEqual(['resume', false])
  })

  it('says nothing when the link ended before the turn did', () => {
    const { throttle, tick, said, count, hasTimer } = setUp()
    count(20)
    throttle.stop()
    tick.end()
    expect([said, hasTimer()]).toEqual([['pause', 'resume'], false])
  })
})
