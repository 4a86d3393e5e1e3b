import { describe, expect, it } from 'vitest'
import { failure } from '../testing/index.js'
import { Guesses } from './guesses.js'

const limits = { windowMs: 1_000, perAddress: 2, inTotal: 5, addresses: 3 }

describe('guesses at login codes', () => {
  it('are limited per address until the window is over', async () => {
    const guesses = new Guesses(limits)
    guesses.count('10.0.0.1', 0)
    guesses.count('10.0.0.1', 400)
    const error = await failure(() => guesses.count('10.0.0.1', 600))
    expect(error).toMatchObject({ code: 'congested', details: { retryAfterMs: 400 } })
    guesses.count('10.0.0.2', 600)
    guesses.count('10.0.0.1', 1_000)
  })

  it('are not held against anybody for longer when the wall clock is set back', () => {
    const guesses = new Guesses(limits)
    for (let n = 0; n < 2; n++) guesses.count('10.0.0.1', 1_000_000)
    guesses.count('10.0.0.1', 0)
  })

  it('are limited in total, from however many addresses they come', async () => {
    const guesses = new Guesses(limits)
    for (let n = 0; n < 5; n++) guesses.count(`10.0.0.${n}`, 0)
    expect(await failure(() => guesses.count('10.0.0.9', 999))).toMatchObject({ code: 'congested' })
    guesses.count('10.0.0.9', 1_000)
  })

  it('count one IPv6 subscriber as one, however the address is written', async () => {
    const guesses = new Guesses(limits)
    guesses.count('2001:db8::1', 0)
    guesses.count('2001:db8:0:0:ffff:1:2:3', 0)
    const error = await failure(() => guesses.count('2001:db8::2', 0))
    expect(error).toMatchObject({ code: 'congested' })
    guesses.count('2001:db8:0:1::1', 0)
  })

  it('count an IPv4 address the same when it comes over IPv6', async () => {
    const guesses = new Guesses(limits)
    guesses.count('::ffff:10.0.0.1', 0)
    guesses.count('10.0.0.1', 0)
    expect(await failure(() => guesses.count('10.0.0.1', 0))).toMatchObject({ code: 'congested' })
  })

  it('are given back when they were right', () => {
    const guesses = new Guesses(limits)
    for (let n = 0; n < 20; n++) {
      guesses.count('10.0.0.1', 0)
      guesses.giveBack('10.0.0.1')
    }
  })
})
