import type { Commons } from './commons.js'
import type { LinkId, UndeliverableNotice } from './effects.js'
import type { Link } from './links.js'
import type { Session } from './session.js'

/** A peer that says more often that its link changed is not believed each time. */
const movedAgainMs = 100

/**
 * Which link a session's packets take. The responder answers on the link of the newest authentic
 * packet; the initiator stays where it is until its link dies, goes silent or refuses, or the peer
 * says that it moved: so both never chase each other from link to link.
 */
export class Path {
  readonly #commons: Commons
  readonly #session: Session
  #link: LinkId | undefined
  /** When something authentic came over that link, or it was chosen. */
  #heardHereAt: number
  /** A link that was asked whether it leads to the peer. */
  #probed: LinkId | undefined
  #isProbeDue = false
  /** Links that said the peer is not there, since the peer was last heard of. */
  readonly #refused = new Set<LinkId>()
  /** When the peer last said that its link changed. */
  #movedAt = Number.NEGATIVE_INFINITY
  /** What the link says about the peer: a hint, used for wording alone. */
  absence: 'offline' | 'unreachable' | 'too-large' | undefined

  constructor(commons: Commons, session: Session, link: LinkId | undefined) {
    this.#commons = commons
    this.#session = session
    this.#link = link
    this.#heardHereAt = commons.now
  }

  get linkId(): LinkId | undefined {
    return this.#link
  }

  /** The link to use now; undefined while none is up. */
  choose(): Link | undefined {
    const { links } = this.#commons
    const current = links.get(this.#link)
    if (current !== undefined) return current
    const best = links.best(this.#refused) ?? links.best()
    if (best === undefined) return undefined
    this.moveTo(best.id)
    this.#session.patience.progressed()
    return best
  }

  /** Sends everything again, over this link. */
  moveTo(link: LinkId): void {
    const { early, inFlight, control, received, congestion, hasBusiness } = this.#session
    const { now } = this.#commons
    this.#link = link
    this.#heardHereAt = now
    this.#probed = undefined
    congestion.linkChanged()
    inFlight.loseAll()
    if (early !== undefined) early.resendAt = now
    if (!hasBusiness) return
    // The peer acknowledges at once and sends again what was lost on the old link.
    control.isLinkChangeDue = true
    control.isBlockedDue = true
    received.acknowledgeBy(now)
    this.#session.patience.rearm()
  }

  /** The link is gone. */
  linkDown(id: LinkId): void {
    this.#refused.delete(id)
    if (this.#probed === id) this.#probed = undefined
  }

  heard(id: LinkId, isNewest: boolean): void {
    this.absence = undefined
    this.#refused.clear()
    const { limits, links, now } = this.#commons
    const link = links.get(id)
    if (link === undefined) return
    link.heardAt = now
    if (id === this.#link) {
      this.#heardHereAt = now
      this.#probed = undefined
      return
    }
    const isSilentHere = now - this.#heardHereAt >= limits.silentLinkMs
    if (id === this.#probed || links.get(this.#link) === undefined) this.moveTo(id)
    else if (isNewest && (isSilentHere || !this.#session.options.isInitiator)) this.#follow(id)
  }

  /** The peer says that its packets take another way now, and that what was under way is lost. */
  peerMoved(id: LinkId): void {
    const { links, now } = this.#commons
    if (links.get(id) !== undefined) this.#follow(id)
    // Everything goes again for a few bytes of the peer's: not for each of a flood.
    if (now - this.#movedAt < movedAgainMs) return
    this.#movedAt = now
    this.#session.congestion.linkChanged()
    this.#session.inFlight.loseAll()
    this.#session.patience.progressed()
  }

  /** Nothing came back in time: another live link first, but none that may be dead as well. */
  timedOut(): void {
    const { links, limits, now } = this.#commons
    this.#refused.clear()
    const other = links.best(new Set(this.#link === undefined ? [] : [this.#link]))
    if (other !== undefined && now - other.heardAt <= limits.heardLinkMs) {
      this.moveTo(other.id)
      return
    }
    this.#probed = other?.id
    this.#isProbeDue = true
    this.#session.inFlight.loseAll()
  }

  /** The link to ask whether it leads to the peer, once per timeout. */
  takeProbe(): Link | undefined {
    if (!this.#isProbeDue) return undefined
    this.#isProbeDue = false
    return this.#commons.links.get(this.#probed)
  }

  undeliverable(notice: UndeliverableNotice, id: LinkId): void {
    if (id !== this.#link) return
    const { links, now } = this.#commons
    if (notice.reason === 'congested') {
      this.#session.congestion.congested(notice.retryAfterMs, now)
      this.#session.patience.paused()
      return
    }
    this.absence = notice.reason
    this.#refused.add(id)
    const other = links.best(this.#refused)
    // Otherwise the resend timer goes on: a notice never makes a packet, or two would make a loop.
    if (other !== undefined) this.moveTo(other.id)
  }

  #follow(id: LinkId): void {
    if (id === this.#link) return
    this.#link = id
    this.#heardHereAt = this.#commons.now
    this.#probed = undefined
    this.#session.congestion.linkChanged()
  }
}
