import { describe, expect, it } from 'vitest'
import { addressKey, Entrance } from './entrance.js'
import { defaultLimits } from './limits.js'

const limits = {
  ...defaultLimits,
  halfOpenPerAddress: 2,
  failedLogins: 3,
  failedLoginsPerSecond: 1,
  addresses: 2,
}

describe('entrance', () => {
  it('lets a bounded number of logins of one address be under way', () => {
    const entrance = new Entrance(limits)
    expect([entrance.enter('a', 0), entrance.enter('a', 0)]).toEqual([undefined, undefined])
    expect(entrance.enter('a', 0)).toBe(1_000)
    expect(entrance.enter('b', 0)).toBeUndefined()
    entrance.leave('a', true)
    expect(entrance.enter('a', 0)).toBeUndefined()
  })

  it('counts only what came to nothing, and forgives with time', () => {
    const entrance = new Entrance(limits)
    for (let i = 0; i < 10; i++) {
      entrance.enter('a', 0)
      entrance.leave('a', true)
    }
    for (let i = 0; i < 4; i++) {
      expect(entrance.enter('a', 0)).toBeUndefined()
      entrance.leave('a', false)
    }
    expect(entrance.enter('a', 0)).toBe(1_000)
    expect(entrance.enter('a', 1_000)).toBeUndefined()
  })

  it('never makes an address wait for longer than the burst takes to come back', () => {
    const entrance = new Entrance(limits)
    entrance.enter('a', 0)
    for (let i = 0; i < 1_000; i++) entrance.leave('a', false)
    expect(entrance.enter('a', 0)).toBe(3_000)
  })

  it('remembers a bounded number of addresses, and none that has nothing to hide', () => {
    const entrance = new Entrance(limits)
    for (const address of ['a', 'b', 'c']) entrance.enter(address, 0)
    expect(entrance.size).toBe(2)
    entrance.leave('a', false)
    entrance.leave('b', true)
    entrance.leave('c', false)
    entrance.sweep(0)
    expect(entrance.size).toBe(1)
    entrance.sweep(60_000)
    expect(entrance.size).toBe(0)
  })

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['', ''],
  ])('counts %s as %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })
})
