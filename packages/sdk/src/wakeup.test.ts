import { expect, test } from 'vitest'
import { FakeTime } from '../test/support/fake-time.js'
import { SleepWatch } from './sleep-watch.js'
import { Wakeup } from './wakeup.js'

test('a machine is woken at its deadline, once', () => {
  const time = new FakeTime()
  const woken: number[] = []
  const wakeup = new Wakeup(time.clock, time, () => woken.push(time.clock.now()))
  const start = time.clock.now()
  wakeup.at(start + 100)
  time.advance(99)
  expect(woken).toEqual([])
  time.advance(1_000)
  expect(woken).toEqual([start + 100])
})

test('a deadline that moves away costs no new timer, one that comes nearer is kept', () => {
  const time = new FakeTime()
  const woken: number[] = []
  const wakeup = new Wakeup(time.clock, time, () => woken.push(time.clock.now()))
  const start = time.clock.now()
  wakeup.at(start + 100)
  for (let i = 0; i < 50; i++) wakeup.at(start + 200 + i)
  expect(time.pending).toBe(1)
  time.advance(150)
  expect(woken).toEqual([])
  wakeup.at(start + 160)
  time.advance(100)
  expect(woken).toEqual([start + 160])
  expect(time.pending).toBe(0)
})

test('without a deadline, or cancelled, nothing wakes', () => {
  const time = new FakeTime()
  let woken = 0
  const wakeup = new Wakeup(time.clock, time, () => {
    woken += 1
  })
  wakeup.at(time.clock.now() + 10)
  wakeup.at(undefined)
  time.advance(20)
  wakeup.at(time.clock.now() + 10)
  wakeup.cancel()
  time.advance(20)
  expect(woken).toBe(0)
  expect(time.pending).toBe(0)
})

test('sleep is noticed when the wall clock went on alone, and not otherwise', () => {
  const time = new FakeTime()
  let wakes = 0
  const watch = new SleepWatch(time.clock, time, () => {
    wakes += 1
  })
  watch.start()
  time.advance(60_000)
  expect(wakes).toBe(0)
  time.clock.setWall(time.clock.wall() + 3_600_000)
  time.advance(2_000)
  expect(wakes).toBe(1)
  // Set back, as an administrator might: nobody slept.
  time.clock.setWall(time.clock.wall() - 3_600_000)
  time.advance(60_000)
  expect(wakes).toBe(1)
  watch.stop()
  expect(time.pending).toBe(0)
})

test('sleep is noticed when no timer ran for long', () => {
  const time = new FakeTime()
  let wakes = 0
  const watch = new SleepWatch(time.clock, time, () => {
    wakes += 1
  })
  watch.start()
  time.clock.advance(600_000)
  time.advance(0)
  expect(wakes).toBe(1)
  watch.stop()
})
