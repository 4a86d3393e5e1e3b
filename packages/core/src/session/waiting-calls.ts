import type { ErrorCode } from '../errors.js'
import type { Commons } from './commons.js'
import type { Session } from './session.js'
import type { Stream } from './stream.js'

/** What a link says of a peer that is not there. */
type Absence = 'offline' | 'unreachable'

/** Calls to one peer that wait for a session, in the order they were made. */
export class WaitingCalls {
  readonly #commons: Commons
  #streams: Stream[] = []

  constructor(commons: Commons) {
    this.#commons = commons
  }

  get size(): number {
    return this.#streams.length
  }

  /** `current` is the session with the peer that they cannot use yet, if there is one. */
  add(streams: readonly Stream[], current: Session | undefined): void {
    const recoveredAt = this.#recoveredAt(current)
    for (const stream of streams) {
      stream.waitsSince = recoveredAt ?? this.#commons.now
      if (this.#commons.links.isEmpty) stream.waitedForLink = 'unreachable'
      else stream.waitedForLink = recoveredAt === undefined ? undefined : 'offline'
      this.#streams.push(stream)
    }
  }

  remove(stream: Stream): void {
    this.#streams = this.#streams.filter((other) => other !== stream)
  }

  takeAll(): Stream[] {
    const streams = this.#streams
    this.#streams = []
    return streams
  }

  fail(code: ErrorCode, isMeant: (stream: Stream) => boolean = () => true): void {
    const failed = this.#streams.filter(isMeant)
    if (failed.length === 0) return
    this.#streams = this.#streams.filter((stream) => !isMeant(stream))
    for (const stream of failed) this.#commons.fail(stream, code)
  }

  /**
   * No link leads to the peer. That is the end of a call, unless it had to wait for a link: then it
   * has time left, for the peer may have lost its own in the same outage.
   */
  failAbsent(absence: Absence): void {
    this.fail(absence, (stream) => stream.waitedForLink === undefined)
    for (const stream of this.#streams) stream.waitedForLink = absence
  }

  /** When the first of those that wait for a link has waited long enough. */
  deadline(): number | undefined {
    const first = this.#streams.find((stream) => this.#isWaitingForLink(stream))
    return first && first.waitsSince + this.#commons.limits.linkWaitMs
  }

  tick(): void {
    const { limits, now } = this.#commons
    for (const stream of this.#streams) {
      if (!this.#isWaitingForLink(stream) || stream.waitsSince + limits.linkWaitMs > now) continue
      this.remove(stream)
      this.#commons.fail(stream, stream.waitedForLink ?? 'unreachable')
    }
  }

  #isWaitingForLink(stream: Stream): boolean {
    return stream.waitedForLink !== undefined || this.#commons.links.isEmpty
  }

  /**
   * When our link came back, if that was a moment ago and the peer was not heard of since: the same
   * outage may have cost it its link, and what the relay says of it now need not last.
   */
  #recoveredAt(current: Session | undefined): number | undefined {
    const { links, limits, now } = this.#commons
    const upAt = links.best()?.upAt
    if (current === undefined || upAt === undefined) return undefined
    const isYoung = upAt + limits.linkWaitMs > now
    return isYoung && current.patience.heardAt < upAt ? upAt : undefined
  }
}
