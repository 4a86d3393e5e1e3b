import { expect, test } from 'vitest'
import { Listeners } from './listeners.js'

test('everybody hears, in order, until they stop listening', () => {
  const listeners = new Listeners<number>()
  const heard: string[] = []
  const stop = listeners.add((event) => heard.push(`a${event}`))
  listeners.add((event) => heard.push(`b${event}`))
  listeners.emit(1)
  stop()
  stop()
  listeners.emit(2)
  expect(heard).toEqual(['a1', 'b1', 'b2'])
})

test('one that stops listening while it hears skips nobody else', () => {
  const listeners = new Listeners<void>()
  let heard = 0
  const stop = listeners.add(() => stop())
  listeners.add(() => {
    heard += 1
  })
  listeners.emit()
  expect(heard).toBe(1)
})
