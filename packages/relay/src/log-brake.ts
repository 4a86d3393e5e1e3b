import type { Clock } from '@agent-mesh/core'
import { TokenBucket } from './token-bucket.js'

/** Lines of one event. 5 a second for a day are some 60 MB; a fleet that comes back is a burst. */
export const logLimits = { perSecond: 5, burst: 500 } as const

type Log<L, F> = (level: L, event: string, fields: F) => void

/**
 * Keeps a log from growing as fast as strangers can knock. Every event has a rate of its own, so
 * none drowns another; the next line of an event says how many of its kind were left out. What
 * counts is counted elsewhere, in the metrics.
 */
export function brakeLog<L, F extends object>(
  log: Log<L, F & { unlogged?: number }>,
  clock: Pick<Clock, 'now'>,
): Log<L, F> {
  const brakes = new Map<string, { rate: TokenBucket; unlogged: number }>()
  return (level, event, fields) => {
    const now = clock.now()
    let brake = brakes.get(event)
    if (!brake) {
      // No debt: a flood that is over must not keep the log silent for long.
      brake = { rate: new TokenBucket({ ...logLimits, maxDebt: 1, now }), unlogged: 0 }
      brakes.set(event, brake)
    }
    if (brake.rate.waitMs(now) > 0 || brake.rate.take()) {
      brake.unlogged += 1
      return
    }
    const { unlogged } = brake
    brake.unlogged = 0
    log(level, event, unlogged === 0 ? fields : { ...fields, unlogged })
  }
}
