import { FakeClock } from '@agent-mesh/core/testing'
import { describe, expect, it } from 'vitest'
import { brakeLog, logLimits } from './log-brake.js'

function setUp() {
  const clock = new FakeClock()
  const lines: [string, object][] = []
  const log = brakeLog<string, object>(
    (_level, event, fields) => lines.push([event, fields]),
    clock,
  )
  return { clock, lines, log }
}

describe('the log', () => {
  it('takes what comes now and then as it is', () => {
    const { clock, lines, log } = setUp()
    for (let n = 0; n < 2 * logLimits.burst; n++) {
      log('info', 'login-refused', { n })
      clock.advance(1_000 / logLimits.perSecond)
    }
    expect(lines).toHaveLength(2 * logLimits.burst)
    expect(lines.every(([, fields]) => !('unlogged' in fields))).toBe(true)
  })

  it('leaves most of a flood out and says how much', () => {
    const { clock, lines, log } = setUp()
    for (let n = 0; n < 100_000; n++) log('info', 'login-refused', { n })
    expect(lines).toHaveLength(logLimits.burst)
    clock.advance(60_000)
    log('info', 'login-refused', { n: -1 })
    expect(lines.at(-1)).toEqual(['login-refused', { n: -1, unlogged: 100_000 - logLimits.burst }])
    log('info', 'login-refused', {})
    expect(lines.at(-1)).toEqual(['login-refused', {}])
  })

  it('loses no other event in it', () => {
    const { lines, log } = setUp()
    for (let n = 0; n < 100_000; n++) log('info', 'login-refused', { n })
    log('warn', 'agent-revoked', {})
    expect(lines.at(-1)).toEqual(['agent-revoked', {}])
  })
})
