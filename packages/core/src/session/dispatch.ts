import { isMeshError } from '../errors.js'
import type { Commons } from './commons.js'
import { type ControlFrame, decodeControlRecord } from './control-frames.js'
import type { LinkId } from './effects.js'
import { decodeDataRecord } from './frames.js'
import type { Session } from './session.js'

// What authentic records do to a session. Malformed ones end it, and nothing else.

/** Handles the record of data packet `number`, now or when those before it have come. */
export function dispatchData(
  commons: Commons,
  session: Session,
  number: number,
  record: Uint8Array,
): void {
  const { received } = session
  const { budget, limits, now } = commons
  if (number > received.cumulative) {
    const isTooMuch = received.heldBytes + record.length > limits.maxReorderBytes
    // Not acknowledged, so it comes again; the one that fills the gap is always taken.
    if (isTooMuch || !budget.take(record.length, 'lend')) return
    received.hold(number, record, now)
    return
  }
  received.takeNext(record.length, now)
  dispatchRecord(session, record)
  for (let held = received.nextHeld(); held !== undefined; held = received.nextHeld()) {
    if (session.isClosed) return
    received.takeHeld(held)
    budget.give(held.length)
    dispatchRecord(session, held)
  }
  if (!session.isClosed) session.cipher.receivedBefore('data', received.cumulative)
}

/** The frames of the data space. */
export function dispatchRecord(session: Session, record: Uint8Array): void {
  guard(session, () => {
    const { owner } = session.options
    for (const frame of decodeDataRecord(record)) {
      if (session.isClosed) return
      if (frame.kind === 'session-probe') owner.probed(session, frame)
      else if (frame.kind === 'session-status') owner.probeAnswered(frame)
      else session.streams.receive(frame)
    }
  })
}

/** Handles a control packet that is newer than any before. */
export function dispatchControl(
  commons: Commons,
  session: Session,
  packet: { number: number; record: Uint8Array; link: LinkId },
): void {
  session.control.newest = packet.number
  session.cipher.receivedBefore('control', packet.number)
  guard(session, () => {
    for (const frame of decodeControlRecord(packet.record)) {
      if (session.isClosed) return
      dispatchFrame(commons, session, frame, packet.link)
    }
  })
}

function dispatchFrame(
  commons: Commons,
  session: Session,
  frame: ControlFrame,
  link: LinkId,
): void {
  const { control, received, streams, patience, path } = session
  switch (frame.kind) {
    case 'ack':
      acknowledged(commons, session, frame)
      break
    case 'credit':
      patience.creditCame()
      streams.takeCredit(frame)
      break
    case 'blocked':
      streams.remind(frame.streams)
      control.isCreditDue = true
      received.acknowledgeBy(commons.now)
      break
    case 'ping':
      control.pong = { token: frame.token, link }
      break
    case 'pong':
      // Any authentic packet is a sign of life; this one has nothing else to say.
      break
    case 'link-changed':
      path.peerMoved(link)
      control.isCreditDue = true
      received.acknowledgeBy(commons.now)
      break
    case 'goodbye':
      session.options.owner.saidGoodbye(session)
      break
  }
}

function acknowledged(
  commons: Commons,
  session: Session,
  { cumulative, ranges }: ControlFrame & { kind: 'ack' },
): void {
  const { congestion, inFlight, patience, streams, cipher } = session
  const { bytes, roundTripMs, finished } = inFlight.acknowledge(cumulative, ranges, commons.now)
  if (roundTripMs !== undefined) congestion.measured(roundTripMs)
  if (bytes > 0) {
    congestion.acknowledged(bytes)
    patience.progressed()
  }
  for (const { finals } of finished) if (finals.length > 0) streams.acknowledged(finals)
  cipher.sentBefore('data', inFlight.cumulative)
}

function guard(session: Session, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!isMeshError(error)) throw error
    session.options.owner.failed(session, error)
  }
}
