/** Time, handed in so that tests can own it. */
export interface Clock {
  /** Milliseconds that only grow, from an arbitrary start: for timers and durations. */
  now(): number
  /** Milliseconds since 1970: for dates in documents. May jump. */
  wall(): number
}

/** The clock of the runtime. For composition roots; machines are given theirs. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
}
