import { equal } from '../bytes.js'
import type { Commons } from './commons.js'
import type { LinkId } from './effects.js'
import { Initiator, Responder } from './handshaking.js'
import type { Route } from './indices.js'
import type { Peer } from './peer.js'

interface Attempt {
  readonly initiator: Initiator
  readonly expiresAt: number
  link: LinkId | undefined
  resendAt: number
  waitMs: number
}

interface Request {
  readonly responder: Responder
  readonly createdAt: number
}

/** The other's message 1 that came while ours was under way. */
interface Held {
  readonly packet: Uint8Array
  readonly remoteIndex: number
  readonly link: LinkId
  readonly answerAt: number
}

/** Handshakes with one peer that are not complete. Nothing here has any effect on sessions. */
export class HalfOpen {
  readonly #commons: Commons
  readonly #owner: Peer
  readonly #route: Route
  /** Of two ids that begin at once, the larger answers; the smaller is answered. */
  readonly #isLarger: boolean
  #attempt: Attempt | undefined
  #requests: Request[] = []
  #held: Held | undefined

  constructor(commons: Commons, owner: Peer, isLarger: boolean) {
    this.#commons = commons
    this.#owner = owner
    this.#route = { peer: owner }
    this.#isLarger = isLarger
  }

  get isConnecting(): boolean {
    return this.#attempt !== undefined
  }

  get isEmpty(): boolean {
    return this.#attempt === undefined && this.#requests.length === 0
  }

  /** Until when the peer's own handshake may still spare us ours. */
  get answeringUntil(): number | undefined {
    const newest = this.#requests.at(-1)
    return newest && newest.createdAt + this.#commons.limits.simultaneousOpenMs
  }

  connect(): void {
    if (this.#attempt !== undefined) return
    const { limits, now } = this.#commons
    const localIndex = this.#commons.indices.take(this.#route)
    this.#attempt = {
      initiator: new Initiator(this.#commons, this.#owner.id, localIndex),
      expiresAt: now + limits.handshakeMs,
      link: undefined,
      resendAt: now,
      waitMs: limits.handshakeResendMs / 2,
    }
    this.#send(this.#attempt)
  }

  stopConnecting(): void {
    if (this.#attempt === undefined) return
    this.#commons.indices.free(this.#attempt.initiator.localIndex)
    this.#attempt = undefined
    this.#held = undefined
  }

  /** Message 1 leaves again, over a link that has not refused. */
  retry(refused?: ReadonlySet<LinkId>): void {
    if (this.#attempt !== undefined) this.#send(this.#attempt, refused)
  }

  receive1(packet: Uint8Array, remoteIndex: number, link: LinkId): void {
    const known = this.#requests.find(({ responder }) => equal(responder.request, packet))
    if (known !== undefined) {
      this.#transmit(known.responder.packet, link)
      return
    }
    const { simultaneousOpenMs } = this.#commons.limits
    const { now } = this.#commons
    if (this.#attempt !== undefined && !this.#isLarger) {
      // Ours goes on. Had it been lost, both would wait for each other, so this one is remembered.
      if (this.#held === undefined) {
        const answerAt = now + simultaneousOpenMs
        this.#held = { packet: packet.slice(), remoteIndex, link, answerAt }
      }
      return
    }
    if (this.#attempt !== undefined) {
      // Ours gives way. It is not forgotten: message 1 may have been forged, and nobody behind it.
      this.#attempt.resendAt = Math.max(this.#attempt.resendAt, now + 2 * simultaneousOpenMs)
    }
    this.#answer(packet, remoteIndex, link)
  }

  receive2(packet: Uint8Array, index: number, remoteIndex: number, link: LinkId): void {
    const initiator = this.#attempt?.initiator
    if (initiator?.localIndex !== index) return
    const answered = initiator.readAnswer(packet, remoteIndex)
    if (answered === undefined) return
    this.#attempt = undefined
    this.#held = undefined
    this.#owner.answered(answered, index, link)
  }

  receive3(packet: Uint8Array, index: number, link: LinkId): void {
    const request = this.#requests.find(({ responder }) => responder.localIndex === index)
    const introduced = request?.responder.readIntroduction(packet)
    if (request === undefined || introduced === undefined) return
    this.#requests = this.#requests.filter((other) => other !== request)
    this.#commons.halfOpen.delete(request)
    this.#owner.introduced(introduced, request.responder, link)
  }

  /** The peer asks about an index that is only half open: no session will come of it any more. */
  drop(index: number): void {
    const request = this.#requests.find(({ responder }) => responder.localIndex === index)
    if (request !== undefined) this.#drop(request)
  }

  deadline(): number | undefined {
    const times: number[] = []
    if (this.#attempt !== undefined) {
      times.push(this.#attempt.expiresAt)
      if (!this.#commons.links.isEmpty) times.push(this.#attempt.resendAt)
    }
    if (this.#held !== undefined) times.push(this.#held.answerAt)
    const oldest = this.#requests[0]
    if (oldest !== undefined) times.push(oldest.createdAt + this.#commons.limits.halfOpenMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  tick(): void {
    const { limits, now } = this.#commons
    while (
      this.#requests[0] !== undefined &&
      this.#requests[0].createdAt + limits.halfOpenMs <= now
    ) {
      this.#drop(this.#requests[0])
    }
    const held = this.#held
    if (held !== undefined && held.answerAt <= now) {
      this.#held = undefined
      this.#answer(held.packet, held.remoteIndex, held.link)
    }
    if (this.#attempt === undefined) return
    if (this.#attempt.expiresAt <= now) {
      this.stopConnecting()
      this.#owner.unanswered()
    } else if (this.#attempt.resendAt <= now) {
      this.#send(this.#attempt)
    }
  }

  close(): void {
    this.stopConnecting()
    for (const request of [...this.#requests]) this.#drop(request)
  }

  #answer(packet: Uint8Array, remoteIndex: number, link: LinkId): void {
    const { limits, halfOpen, now } = this.#commons
    // Better no answer than a session that message 3 would find refused.
    if (!this.#commons.hasRoomForSession(this.#owner)) return
    const local = this.#commons.indices.take(this.#route)
    const responder = Responder.answer(this.#commons, this.#owner.id, packet, {
      local,
      remote: remoteIndex,
    })
    if (responder === undefined) {
      this.#commons.indices.free(local)
      return
    }
    if (this.#requests.length >= limits.maxHalfOpenPerPeer) this.#drop(this.#requests[0] as Request)
    if (halfOpen.size >= limits.maxHalfOpen) {
      for (const dropOldest of halfOpen.values()) {
        dropOldest()
        break
      }
    }
    const request = { responder, createdAt: now }
    this.#requests.push(request)
    halfOpen.set(request, () => this.#drop(request))
    this.#transmit(responder.packet, link)
  }

  #drop(request: Request): void {
    this.#requests = this.#requests.filter((other) => other !== request)
    this.#commons.halfOpen.delete(request)
    this.#commons.indices.free(request.responder.localIndex)
    this.#commons.touchPeer(this.#owner)
  }

  /** Over another link than the last time, if there is one: that one did not help. */
  #send(attempt: Attempt, refused: ReadonlySet<LinkId> = new Set()): void {
    const { links, limits, now } = this.#commons
    const avoided = new Set(refused)
    if (attempt.link !== undefined) avoided.add(attempt.link)
    const link = links.best(avoided) ?? links.best(refused) ?? links.best()
    // Without a link nothing was tried: the first one that comes up takes it at once.
    if (link === undefined) return
    attempt.link = link.id
    attempt.waitMs = Math.min(2 * attempt.waitMs, limits.maxHandshakeResendMs)
    attempt.resendAt = now + attempt.waitMs
    this.#transmit(attempt.initiator.packet, link.id)
  }

  #transmit(packet: Uint8Array, link: LinkId): void {
    this.#commons.emit({ kind: 'transmit', to: this.#owner.id, packet, link })
  }
}
