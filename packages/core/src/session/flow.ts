import { sessionCreditBytes } from './limits.js'

/** The session's limit is told again when it may grow by this, or when little of it is left. */
const worthTelling = 32_768
const little = sessionCreditBytes / 2

/** Sent, its limit, received, its limit. */
export type CreditRest = readonly [number, number, number, number]

/**
 * Credit of a whole session. It covers the credit of every open stream, and 16 KiB for streams the
 * receiver has not heard of: so a stream never waits for what another left unread, and no peer
 * sends a flood of bytes for calls that are about to be refused.
 */
export class SessionCredit {
  /** Charges we sealed, and how far the peer lets them grow. */
  sentCharge: number
  sendLimit: number
  #receivedCharge: number
  /** What open streams may still receive. */
  #allowance = 0
  #told: number

  constructor(rest: CreditRest = [0, sessionCreditBytes, 0, sessionCreditBytes]) {
    ;[this.sentCharge, this.sendLimit, this.#receivedCharge, this.#told] = rest
  }

  /** What remains while no stream is open. */
  rest(): CreditRest {
    return [this.sentCharge, this.sendLimit, this.#receivedCharge, this.#told]
  }

  get available(): number {
    return this.sendLimit - this.sentCharge
  }

  /** The limit to tell the peer. It never shrinks. */
  tell(): number {
    this.#told = Math.max(this.#told, this.#limit)
    return this.#told
  }

  get isWorthTelling(): boolean {
    const growth = this.#limit - this.#told
    if (growth <= 0) return false
    return growth >= worthTelling || this.#told - this.#receivedCharge < little
  }

  /** An open stream may receive more (or, negative, less) than before. */
  allow(charge: number): void {
    this.#allowance += charge
  }

  /** Counts what came; false where it is over the limit, which is a violation. */
  receive(charge: number): boolean {
    if (this.#receivedCharge + charge > this.#told) return false
    this.#receivedCharge += charge
    return true
  }

  get #limit(): number {
    return this.#receivedCharge + this.#allowance + sessionCreditBytes
  }
}
