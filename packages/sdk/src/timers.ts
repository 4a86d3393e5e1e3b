/** The one way this package waits for a time, so that tests can own it. */
export interface Timers {
  /** Runs `run` once, not before `ms` milliseconds; returns the way to call it off. */
  after(ms: number, run: () => void): () => void
}

/** setTimeout takes a signed 32-bit number and fires at once for anything larger. */
const longestTimeoutMs = 2 ** 31 - 1

/** The platform's timers. A wait too long for one of them fires early: callers look at the clock. */
export const systemTimers: Timers = {
  after(ms, run) {
    const handle = setTimeout(run, Math.min(Math.max(0, Math.ceil(ms)), longestTimeoutMs))
    return () => clearTimeout(handle)
  },
}
