import { randomBytes } from 'node:crypto'
import { median } from './rounds.js'

export interface Load {
  readonly kind: 'load'
  /** Bytes of the request's body; the answer is the same. */
  readonly size: number
  readonly inFlight: number
  readonly total: number
}

export interface Timing {
  readonly p50Us: number
  readonly perSecond: number
}

/** Calls `total` times, `inFlight` at a time. */
export async function volley(
  { size, inFlight, total }: Load,
  call: (payload: Uint8Array) => Promise<unknown>,
): Promise<Timing> {
  const payload = new Uint8Array(randomBytes(size))
  const times: number[] = []
  let begun = 0
  const lane = async () => {
    while (begun < total) {
      begun++
      const at = performance.now()
      await call(payload)
      times.push(performance.now() - at)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, lane))
  return { p50Us: median(times) * 1000, perSecond: (total / (performance.now() - began)) * 1000 }
}
