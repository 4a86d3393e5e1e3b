/**
 * Whether the other end is still there. Any byte from it is a sign of life; after a heartbeat of
 * silence it is asked, after two it counts as dead. A dead TCP connection says nothing for minutes.
 */
export class Liveness {
  readonly #heartbeatMs: number
  #quietSince: number
  #wasHeard = false
  #wasAsked = false

  constructor(heartbeatMs: number, now: number) {
    this.#heartbeatMs = heartbeatMs
    this.#quietSince = now
  }

  /** Takes no clock: this is called for every frame, and `check` soon enough after it. */
  heard(): void {
    this.#wasHeard = true
  }

  check(now: number): 'alive' | 'ask' | 'dead' {
    if (this.#wasHeard) {
      this.#wasHeard = false
      this.#wasAsked = false
      this.#quietSince = now
      return 'alive'
    }
    const quietMs = now - this.#quietSince
    // Only who was asked and kept silent is dead: after a standstill of our own nobody was asked.
    if (this.#wasAsked) return quietMs >= 2 * this.#heartbeatMs ? 'dead' : 'alive'
    if (quietMs < this.#heartbeatMs) return 'alive'
    this.#wasAsked = true
    this.#quietSince = now - this.#heartbeatMs
    return 'ask'
  }
}
