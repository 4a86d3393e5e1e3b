import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Timed, Timers } from './timers.js'

class Alarm implements Timed {
  heapAt = 0
  heapPosition = -1
  at: number | undefined

  deadline(): number | undefined {
    return this.at
  }

  tick(): void {}
}

describe('the timers', () => {
  test('always know the earliest deadline, however it is moved', () => {
    const step = fc.tuple(fc.nat({ max: 19 }), fc.option(fc.nat({ max: 100 }), { nil: undefined }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const timers = new Timers()
        const alarms = Array.from({ length: 20 }, () => new Alarm())
        for (const [which, at] of steps) {
          const alarm = alarms[which] as Alarm
          alarm.at = at
          timers.schedule(alarm)
          const set = alarms.flatMap((other) => (other.at === undefined ? [] : [other.at]))
          expect(timers.size).toBe(set.length)
          expect(timers.next()).toBe(set.length === 0 ? undefined : Math.min(...set))
        }
      }),
    )
  })

  test('give what is due in order, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 100 })), fc.nat({ max: 100 }), (times, now) => {
        const timers = new Timers()
        for (const at of times) {
          const alarm = new Alarm()
          alarm.at = at
          timers.schedule(alarm)
        }
        const due: number[] = []
        for (let item = timers.takeDue(now); item; item = timers.takeDue(now)) due.push(item.heapAt)
        expect(due).toEqual(times.filter((at) => at <= now).sort((a, b) => a - b))
        expect(timers.size).toBe(times.length - due.length)
      }),
    )
  })
})
