import type { Commons } from './commons.js'
import type { Session } from './session.js'

/** After this many timeouts in a row, time alone decides: a clock that jumped is not enough. */
const hopelessTimeouts = 4
/** The callee asks less often than the caller: it hears of the caller anyway. */
const calleeFactor = 3

/** A session's timers: when to send again, to ask, to stop waiting, to end. */
export class Patience {
  readonly #commons: Commons
  readonly #session: Session
  heardAt: number
  /** A ping is unanswered. */
  isAsking = false
  /** Nobody waits for an answer and the peer is away: silent until something happens. */
  isDormant = false
  /** When the budget is asked again. */
  budgetRetryAt: number | undefined
  #resendAt: number | undefined
  /** When the link's pause is over and what it refused goes again. */
  #resumeAt: number | undefined
  #blockedAt: number | undefined
  #blockedWaitMs: number
  /** Since when the peer owes us a word. */
  #waitingSince: number | undefined

  constructor(commons: Commons, session: Session, heardAt: number) {
    this.#commons = commons
    this.#session = session
    this.heardAt = heardAt
    this.#blockedWaitMs = commons.limits.minResendMs
  }

  /** Whether it is likely that the peer still has the session. */
  get isFresh(): boolean {
    return this.#commons.now - this.heardAt <= this.#commons.limits.freshMs
  }

  get isPaused(): boolean {
    return this.#resumeAt !== undefined
  }

  get isExpired(): boolean {
    const at = this.#expiresAt()
    return at !== undefined && at <= this.#commons.now
  }

  /** An authentic packet came. */
  heard(): void {
    this.heardAt = this.#commons.now
    this.isAsking = false
    this.isDormant = false
    this.#waitingSince = undefined
    if (this.#session.inFlight.underWayBytes === 0) this.progressed()
  }

  /** Something new was acknowledged, or everything begins anew: the timeout starts again. */
  progressed(): void {
    this.#session.congestion.restart()
    this.#resendAt = undefined
    this.isDormant = false
  }

  /** Everything was sent anew over another link: that deserves a whole timeout. */
  rearm(): void {
    this.#resendAt = undefined
    this.isDormant = false
  }

  paused(): void {
    this.#resumeAt = this.#session.congestion.pausedUntil
    this.#resendAt = undefined
  }

  creditCame(): void {
    this.#blockedAt = undefined
    this.#blockedWaitMs = this.#commons.limits.minResendMs
  }

  ask(): void {
    if (this.isAsking) return
    this.isAsking = true
    this.isDormant = false
    this.#session.control.askAgain()
  }

  /** After sending: sets what has to be waited for. */
  sent(isBlocked: boolean): void {
    const { now } = this.#commons
    const { early, inFlight, congestion, hasUnacknowledged } = this.#session
    if (hasUnacknowledged || this.isAsking) this.#waitingSince ??= now
    const isOwedWord = inFlight.underWayBytes > 0 || early !== undefined || this.isAsking
    if (isOwedWord && !this.isDormant) {
      this.#resendAt ??= now + congestion.resendAfterMs
    } else {
      this.#resendAt = undefined
    }
    if (isBlocked) this.#blockedAt ??= now + this.#blockedWaitMs
    else this.creditCame()
  }

  deadline(): number | undefined {
    let earliest = Number.POSITIVE_INFINITY
    const consider = (at: number | undefined): void => {
      if (at !== undefined && at < earliest) earliest = at
    }
    consider(this.#expiresAt())
    consider(this.#hopelessAt())
    if (!this.#commons.links.isEmpty) {
      consider(this.#session.received.dueAt)
      consider(this.#resendAt)
      consider(this.#resumeAt)
      consider(this.#blockedAt)
      consider(this.budgetRetryAt)
      consider(this.#keepAliveAt())
      if (!this.isDormant) consider(this.#session.early?.resendAt)
    }
    return earliest === Number.POSITIVE_INFINITY ? undefined : earliest
  }

  tick(): void {
    const { now, limits } = this.#commons
    const isDue = (at: number | undefined): boolean => at !== undefined && at <= now
    if (isDue(this.#hopelessAt())) this.#loseHope()
    if (this.#commons.links.isEmpty) return
    if (isDue(this.#resumeAt)) {
      this.#resumeAt = undefined
      this.#session.inFlight.loseAll()
    }
    if (isDue(this.#resendAt)) this.#timedOut()
    if (isDue(this.#keepAliveAt())) this.ask()
    if (isDue(this.budgetRetryAt)) this.budgetRetryAt = undefined
    if (!isDue(this.#blockedAt)) return
    this.#session.control.isBlockedDue = true
    this.#blockedWaitMs = Math.min(limits.maxResendMs, 2 * this.#blockedWaitMs)
    this.#blockedAt = now + this.#blockedWaitMs
  }

  #timedOut(): void {
    const { congestion, control, path } = this.#session
    this.#resendAt = undefined
    congestion.timedOut(this.#commons.now)
    path.timedOut()
    if (this.isAsking) control.askAgain()
  }

  /** With calls open and nothing to send, the peer's end would pass unnoticed. */
  #keepAliveAt(): number | undefined {
    const { streams } = this.#session
    if (streams.size === 0 || this.isAsking || this.isDormant) return undefined
    if (this.#resendAt !== undefined) return undefined
    const factor = streams.table.ownOpen > 0 ? 1 : calleeFactor
    return this.heardAt + factor * this.#commons.limits.keepAliveMs
  }

  /** When calls without a deadline end because the peer is away. */
  #hopelessAt(): number | undefined {
    if (this.#waitingSince === undefined || this.isDormant) return undefined
    const isSure =
      this.#commons.links.isEmpty || this.#session.congestion.timeouts >= hopelessTimeouts
    return isSure ? this.#waitingSince + this.#commons.limits.patienceMs : undefined
  }

  #loseHope(): void {
    const { path, streams } = this.#session
    this.#session.giveUpCalls(path.absence ?? 'unreachable', (stream) => !stream.hasDeadline)
    this.#waitingSince = this.#commons.now
    if (streams.table.ownOpen > 0) return
    if (streams.size === 0) {
      // Nothing is left but to tell the peer that we gave up, which its next packet will find out.
      this.#session.options.owner.expired(this.#session)
      return
    }
    // Answers are kept for a caller that may come back, but nobody is asked for it any more.
    this.isDormant = true
    this.isAsking = false
    this.#resendAt = undefined
  }

  #expiresAt(): number | undefined {
    const { replacedAt, hasBusiness, hasCalls, hasUnacknowledged } = this.#session
    const { drainMs, lingerMs, patienceMs } = this.#commons.limits
    if (!hasBusiness) {
      if (replacedAt === undefined) return undefined
      return Math.max(replacedAt, this.heardAt) + lingerMs
    }
    // Records behind a gap that nobody fills are all that is left of a peer that is gone.
    if (!hasCalls && !hasUnacknowledged) return this.heardAt + patienceMs
    return (replacedAt ?? this.heardAt) + drainMs
  }
}
