import type { ErrorCode } from '../errors.js'
import { isMeshError } from '../errors.js'
import { SessionCipher } from './cipher.js'
import type { Commons } from './commons.js'
import { Congestion } from './congestion.js'
import { Control } from './control.js'
import { type ControlFrame, decodeControlRecord } from './control-frames.js'
import { flushSession, sendGoodbye } from './departure.js'
import type { LinkId, UndeliverableNotice } from './effects.js'
import { decodeDataRecord } from './frames.js'
import type { SessionKeys } from './handshaking.js'
import { InFlight } from './in-flight.js'
import type { PacketHeader } from './packet.js'
import { Path } from './path.js'
import { Patience } from './patience.js'
import { Received } from './received.js'
import { salvage } from './salvage.js'
import type { Early, SessionOptions } from './session-owner.js'
import type { Stream } from './stream.js'
import { Streams } from './streams.js'
import type { Timed } from './timers.js'

/** A session with one peer, from the moment its keys are known. It survives its links. */
export class Session implements Timed {
  readonly options: SessionOptions
  readonly streams: Streams
  readonly inFlight: InFlight
  readonly received: Received
  readonly congestion: Congestion
  readonly control = new Control()
  readonly path: Path
  readonly patience: Patience
  readonly createdAt: number
  early: Early | undefined
  /** Since when another session takes the new calls. */
  replacedAt: number | undefined
  isClosed = false
  heapAt = 0
  heapPosition = -1
  readonly #commons: Commons
  #cipher: SessionCipher | undefined
  #isIdle = false

  constructor(commons: Commons, options: SessionOptions) {
    this.#commons = commons
    this.options = options
    this.createdAt = commons.now
    const { peer, isInitiator, incarnation, owner } = options
    this.streams = new Streams(commons, {
      peer,
      isInitiator,
      incarnation,
      welcome: owner.welcome,
      salvage: (stream) => salvage(this)(stream),
      touch: () => commons.touch(this),
    })
    this.inFlight = new InFlight(commons.budget)
    this.received = new Received(commons.limits)
    this.congestion = new Congestion(commons.limits)
    this.path = new Path(commons, this)
    this.patience = new Patience(commons, this)
  }

  get cipher(): SessionCipher {
    if (this.#cipher === undefined) throw new Error('the session has no keys yet')
    return this.#cipher
  }

  secure(keys: SessionKeys): void {
    this.#cipher = new SessionCipher(this.#commons.crypto, keys, this.options.remoteIndex)
    this.#commons.touch(this)
  }

  /** Whether anything is open or unacknowledged. */
  get hasBusiness(): boolean {
    return this.streams.size > 0 || this.hasUnacknowledged
  }

  /** Whether something waits to be sent, or for the peer's word that it came. */
  get hasUnacknowledged(): boolean {
    return !this.inFlight.isEmpty || !this.streams.outgoing.isEmpty || this.early !== undefined
  }

  /** A sealed packet for this session. Garbage and repetitions change nothing. */
  receive(header: PacketHeader, packet: Uint8Array, link: LinkId): void {
    const isControl = header.space === 'control'
    if (isControl ? header.number <= this.control.newest : !this.received.admits(header.number)) {
      if (!isControl && this.received.isDuplicate(header.number)) this.acknowledgeSoon()
      return
    }
    const record = this.cipher.open(header, packet)
    if (record === undefined) return
    const isNewest = isControl || header.number > this.received.newest
    this.patience.heard()
    this.path.heard(link, isNewest)
    this.#confirmEarly()
    this.options.owner.heard(this)
    if (isControl) this.#receiveControl(header.number, record, link)
    else this.#receiveData(header.number, record)
    this.#commons.touch(this)
  }

  /** The frames that came with message 3. */
  receiveEarly(record: Uint8Array): void {
    this.received.acknowledgeBy(this.#commons.now)
    this.#handle(record)
    this.#commons.touch(this)
  }

  /** Something came again: its sender may not know that it came. */
  acknowledgeSoon(): void {
    this.received.acknowledgeAgain(this.#commons.now)
    this.#commons.touch(this)
  }

  undeliverable(notice: UndeliverableNotice, link: LinkId): void {
    if (!this.hasUnacknowledged && !this.patience.isAsking) return
    this.path.undeliverable(notice, link)
    this.#commons.touch(this)
  }

  /** A probe of the peer's life: any authentic packet answers it. */
  ask(): void {
    this.patience.ask()
    this.#commons.touch(this)
  }

  flush(): void {
    if (this.isClosed || this.#cipher === undefined) return
    flushSession(this.#commons, this)
    const isIdle = !this.hasBusiness || (this.patience.isDormant && this.streams.size === 0)
    if (isIdle === this.#isIdle) return
    this.#isIdle = isIdle
    if (isIdle) this.cipher.rest()
    this.#commons.sessionIdle(this, isIdle)
  }

  /** Lets go of everything; streams were taken out before. */
  close(goodbye: boolean): void {
    if (this.isClosed) return
    if (goodbye && this.#cipher !== undefined) sendGoodbye(this.#commons, this)
    this.isClosed = true
    this.inFlight.release()
    this.#commons.budget.give(this.received.heldBytes + (this.early?.record.length ?? 0))
    this.early = undefined
    this.#commons.sessionClosed(this)
  }

  deadline(): number | undefined {
    return this.isClosed ? undefined : this.patience.deadline()
  }

  tick(): void {
    if (this.isClosed) return
    if (this.patience.isExpired) {
      this.options.owner.expired(this)
      return
    }
    this.patience.tick()
    this.#commons.touch(this)
  }

  /** Ends calls that the peer was away for too long to answer. */
  giveUpCalls(code: ErrorCode, isHopeless: (stream: Stream) => boolean): void {
    for (const stream of this.streams.table.all()) {
      if (stream.role !== 'caller' || stream.isClosed || !isHopeless(stream)) continue
      this.streams.cancel(stream)
      this.#commons.fail(stream, code)
    }
  }

  #receiveData(number: number, record: Uint8Array): void {
    const { received } = this
    if (number > received.cumulative) {
      const isTooMuch = received.heldBytes + record.length > this.#commons.limits.maxReorderBytes
      // Not acknowledged, so it comes again; the one that fills the gap is always taken.
      if (isTooMuch || !this.#commons.budget.take(record.length, 'stream')) return
      received.hold(number, record, this.#commons.now)
      return
    }
    received.takeNext(record.length, this.#commons.now)
    this.#handle(record)
    for (let held = received.nextHeld(); held !== undefined; held = received.nextHeld()) {
      if (this.isClosed) return
      received.takeHeld(held)
      this.#commons.budget.give(held.length)
      this.#handle(held)
    }
    this.cipher.receivedBefore('data', received.cumulative)
  }

  #handle(record: Uint8Array): void {
    this.#guard(() => {
      for (const frame of decodeDataRecord(record)) {
        if (this.isClosed) return
        if (frame.kind === 'session-probe') this.options.owner.probed(this, frame)
        else if (frame.kind === 'session-status') this.options.owner.probeAnswered(frame)
        else this.streams.receive(frame)
      }
    })
  }

  #receiveControl(number: number, record: Uint8Array, link: LinkId): void {
    this.control.newest = number
    this.cipher.receivedBefore('control', number)
    this.#guard(() => {
      for (const frame of decodeControlRecord(record)) {
        if (this.isClosed) return
        this.#handleControl(frame, link)
      }
    })
  }

  #handleControl(frame: ControlFrame, link: LinkId): void {
    const { now } = this.#commons
    switch (frame.kind) {
      case 'ack':
        this.#acknowledged(frame)
        break
      case 'credit':
        this.patience.creditCame()
        this.streams.takeCredit(frame)
        break
      case 'blocked':
        this.streams.remind(frame.streams)
        this.control.isCreditDue = true
        this.received.acknowledgeBy(now)
        break
      case 'ping':
        this.control.pong = { token: frame.token, link }
        break
      case 'pong':
        break
      case 'link-changed':
        this.path.peerMoved(link)
        this.control.isCreditDue = true
        this.received.acknowledgeBy(now)
        break
      case 'goodbye':
        this.options.owner.saidGoodbye(this)
        break
    }
  }

  #acknowledged(frame: ControlFrame & { kind: 'ack' }): void {
    const { now } = this.#commons
    const { bytes, roundTripMs, finished } = this.inFlight.acknowledge(
      frame.cumulative,
      frame.ranges,
      now,
    )
    if (roundTripMs !== undefined) this.congestion.measured(roundTripMs)
    if (bytes > 0) {
      this.congestion.acknowledged(bytes)
      this.patience.progressed()
    }
    for (const sent of finished) {
      if (sent.finals.length > 0) this.streams.acknowledged(sent.finals)
    }
    this.cipher.sentBefore('data', this.inFlight.cumulative)
  }

  /** The peer has our keys, so it has message 3 and handled what was in it. */
  #confirmEarly(): void {
    const { early } = this
    if (early === undefined) return
    this.early = undefined
    this.#commons.budget.give(early.record.length)
    this.streams.acknowledged(early.finals)
  }

  /** Malformed frames inside an authentic session end that session, and nothing else. */
  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!isMeshError(error)) throw error
      this.options.owner.failed(this, error)
    }
  }
}
