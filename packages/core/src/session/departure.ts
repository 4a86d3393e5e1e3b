import { Writer } from '../writer.js'
import { sealingBytes } from './cipher.js'
import type { Commons } from './commons.js'
import { type Answered, maxEarlyRecord } from './handshaking.js'
import { maxHeaderBytes, maxRecordBytes, minLinkPacketBytes } from './limits.js'
import type { Link } from './links.js'
import type { Session } from './session.js'
import type { Stream } from './stream.js'

// What leaves a session in one drain, in this order: message 3 again, control, lost packets again,
// new records. Everything that was said since the last drain shares records.

/** The largest record of a session that the budget allows one packet only: a header fits. */
const floorRecordBytes = maxHeaderBytes + 1_024
const budgetRetryMs = 50
/** Stands for message 3 among packet numbers: it comes before the first. */
const earlyNumber = -1

export function flushSession(commons: Commons, session: Session): void {
  const link = session.path.choose()
  if (link !== undefined) {
    flushEarly(commons, session, link)
    flushControl(commons, session, link)
    if (!session.patience.isPaused && !session.patience.isDormant) {
      flushLost(commons, session, link)
      flushData(commons, session, link)
    }
  }
  const { outgoing } = session.streams
  session.patience.sent(outgoing.blocked.size > 0 || outgoing.isStarved)
}

/** Message 3, with as much of the first calls as fits; it is kept until something comes back. */
export function introduce(commons: Commons, session: Session, answered: Answered): void {
  const link = session.path.choose()
  const capacity = maxEarlyRecord(link?.maxPacket ?? minLinkPacketBytes)
  const allowed = Math.min(maxRecordBytes, capacity)
  const writer = new Writer(session.streams.outgoing.sizeHint(allowed))
  let finals: Stream[] = []
  if (commons.budget.take(allowed, 'floor')) {
    finals = session.streams.outgoing.fill(writer, allowed, earlyNumber)
    commons.budget.give(allowed - writer.length)
  }
  const record = writer.finish()
  const { packet, keys } = answered.finish(record)
  session.secure(keys)
  // The resend timer does the sending, also where no link is up just now.
  const waitMs = commons.limits.handshakeResendMs / 2
  session.early = { packet, record, finals, resendAt: commons.now, waitMs }
}

/** The last packet of a session; it is not resent. */
export function sendGoodbye(commons: Commons, session: Session): void {
  const link = session.path.choose()
  if (link !== undefined) {
    sealControl(commons, session, link, session.control.goodbye(session.received, commons.now))
  }
}

function flushEarly(commons: Commons, session: Session, link: Link): void {
  const { early } = session
  if (early === undefined || early.resendAt > commons.now) return
  early.waitMs = Math.min(2 * early.waitMs, commons.limits.maxHandshakeResendMs)
  early.resendAt = commons.now + early.waitMs
  if (early.packet.length <= link.maxPacket) transmit(commons, session, link, early.packet)
}

function flushControl(commons: Commons, session: Session, link: Link): void {
  const { control, path, received, streams } = session
  const probed = path.takeProbe()
  // A ping over another link asks whether that one works, so its answer takes the same way.
  const asked = commons.links.get(control.pong?.link)
  const say = (over: Link): void => {
    const record = control.record(received, streams, commons.now)
    if (record !== undefined) sealControl(commons, session, over, record)
  }
  if (asked !== undefined && asked !== link) say(asked)
  say(link)
  if (probed === undefined) return
  control.askAgain()
  say(probed)
}

function sealControl(commons: Commons, session: Session, link: Link, record: Uint8Array): void {
  const number = session.control.next++
  const packet = session.cipher.seal('control', number, record)
  session.cipher.sentBefore('control', number)
  transmit(commons, session, link, packet)
}

function flushLost(commons: Commons, session: Session, link: Link): void {
  const { inFlight, congestion } = session
  while (inFlight.underWayBytes < congestion.windowBytes) {
    const sent = inFlight.resend(link.maxPacket, commons.now)
    if (sent === undefined) return
    transmit(commons, session, link, sent.packet)
  }
}

function flushData(commons: Commons, session: Session, link: Link): void {
  const { inFlight, congestion, cipher, streams } = session
  while (!streams.outgoing.isEmpty && !inFlight.hasLost) {
    if (inFlight.next >= inFlight.cumulative + commons.limits.windowPackets) return
    if (inFlight.underWayBytes >= congestion.windowBytes) return
    const capacity = Math.min(maxRecordBytes, link.maxPacket - sealingBytes)
    const allowed = takeFromBudget(commons, session, capacity)
    if (allowed === 0) return
    const writer = new Writer(streams.outgoing.sizeHint(allowed))
    const finals: Stream[] = streams.outgoing.fill(writer, allowed, inFlight.next)
    const spare = allowed - writer.length
    if (writer.length === 0) {
      commons.budget.give(allowed + sealingBytes)
      return
    }
    commons.budget.give(spare)
    const packet = cipher.seal('data', inFlight.next, writer.finish())
    inFlight.add(packet, finals, commons.now)
    transmit(commons, session, link, packet)
  }
}

/** How many bytes the next record may have; they and the sealing's are taken. */
function takeFromBudget(commons: Commons, session: Session, capacity: number): number {
  if (commons.budget.take(capacity + sealingBytes, 'send')) return capacity
  if (session.inFlight.isEmpty) {
    const least = Math.min(capacity, floorRecordBytes)
    if (commons.budget.take(least + sealingBytes, 'floor')) return least
  }
  session.patience.budgetRetryAt ??= commons.now + budgetRetryMs
  return 0
}

function transmit(commons: Commons, session: Session, link: Link, packet: Uint8Array): void {
  commons.emit({ kind: 'transmit', to: session.options.peer, packet, link: link.id })
}
