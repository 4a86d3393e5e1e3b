import { setTimeout as wait } from 'node:timers/promises'
import { lookEveryMs, patienceMs } from './limits.js'

export interface EventuallyOptions {
  /** What is waited for, said when it does not come. */
  readonly what: string
  readonly limitMs?: number
}

/**
 * Looks again and again until `look` answers something other than undefined or false.
 *
 * @throws Error naming `what` after the limit; whatever `look` throws
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { what, limitMs = patienceMs }: EventuallyOptions,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for ${what}`)
    await wait(lookEveryMs)
  }
}
