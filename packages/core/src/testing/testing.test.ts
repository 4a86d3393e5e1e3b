import { describe, expect, it } from 'vitest'
import { toHex } from '../bytes.js'
import { FakeClock, type Fate, LinkedWires, seededCrypto } from './index.js'

const message = (n: number) => Uint8Array.of(n)

describe('FakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = new FakeClock({ now: 5, wall: 1_000 })
    expect([clock.now(), clock.wall()]).toEqual([5, 1_000])
    clock.advance(10)
    expect([clock.now(), clock.wall()]).toEqual([15, 1_010])
    clock.setWall(3)
    expect([clock.now(), clock.wall()]).toEqual([15, 3])
    expect(() => clock.advance(-1)).toThrow(RangeError)
  })
})

describe('seededCrypto', () => {
  it('repeats with its seed, however the bytes are asked for', () => {
    const [one, same, other] = [seededCrypto(1), seededCrypto(1), seededCrypto(2)]
    const bytes = one.randomBytes(100)
    expect([...same.randomBytes(33), ...same.randomBytes(67)]).toEqual([...bytes])
    expect(toHex(other.randomBytes(100))).not.toBe(toHex(bytes))
  })
})

describe('LinkedWires', () => {
  function wires(fates: Fate[] = []) {
    const clock = new FakeClock()
    const fate = (_: Uint8Array, index: number) => fates[index] ?? 'deliver'
    return { clock, pair: new LinkedWires({ clock, latencyMs: 10, fate }) }
  }

  it('carry messages both ways in order, after their latency', () => {
    const { clock, pair } = wires()
    pair.left.send(message(1))
    pair.left.send(message(2))
    pair.right.send(message(3))
    expect(pair.right.receive()).toEqual([])
    expect(pair.deadline()).toBe(10)
    clock.advance(10)
    expect(pair.right.receive()).toEqual([message(1), message(2)])
    expect(pair.left.receive()).toEqual([message(3)])
    expect(pair.deadline()).toBeUndefined()
  })

  it('lose, repeat and reorder as they are told', () => {
    const { clock, pair } = wires(['lose', 'repeat', { delayMs: 5 }])
    for (const n of [1, 2, 3, 4]) pair.left.send(message(n))
    clock.advance(20)
    expect(pair.right.receive()).toEqual([message(2), message(2), message(4), message(3)])
  })

  it('lose what is under way when they are cut, and all until they are mended', () => {
    const { clock, pair } = wires()
    pair.left.send(message(1))
    pair.cut()
    pair.left.send(message(2))
    pair.mend()
    pair.left.send(message(3))
    clock.advance(10)
    expect(pair.right.receive()).toEqual([message(3)])
  })

  it('copy what they are given', () => {
    const { clock, pair } = wires()
    const buffer = message(1)
    pair.left.send(buffer)
    buffer[0] = 9
    clock.advance(10)
    expect(pair.right.receive()).toEqual([message(1)])
  })
})
