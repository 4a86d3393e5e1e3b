import type { ErrorCode } from '../errors.js'
import type { Commons } from './commons.js'
import { salvage } from './salvage.js'
import type { Session } from './session.js'
import type { Stream } from './stream.js'

/** Why a session ends. */
export type Ending =
  /** The peer's process is another one: nothing that was sent to the old one can be known. */
  | 'restarted'
  /** The same process forgot the session, by its own authentic word. */
  | 'gone'
  /** We end it: the peer is told, and all that is open fails with this code. */
  | { readonly code: ErrorCode; readonly cause?: unknown }

/** Ends the session and gives the calls that go on in another one. */
export function endSession(commons: Commons, session: Session, ending: Ending): Stream[] {
  if (typeof ending === 'object') {
    resetAll(commons, session, ending)
    return []
  }
  const resumed: Stream[] = []
  const kept = salvage(session)
  for (const stream of session.streams.table.all()) {
    const chunks = stream.role === 'caller' && canResume(commons, stream, ending) && kept(stream)
    session.streams.detach(stream)
    if (stream.isClosed) commons.calls.forget(stream)
    else if (stream.role === 'callee') cancelHere(commons, stream, ending)
    else if (stream.receiving.hasEnded) settle(commons, stream)
    else if (chunks) resumed.push(restart(stream, chunks))
    else commons.fail(stream, 'interrupted')
  }
  session.close(false)
  return resumed
}

/** An answer that is all here needs no session: the application reads on. */
export function settle(commons: Commons, stream: Stream): void {
  stream.isEndAcknowledged = true
  if (stream.receiving.isEndRead) commons.streamClosed(stream)
}

function canResume(commons: Commons, stream: Stream, ending: Ending): boolean {
  if (stream.isClosed || stream.answer !== undefined) return false
  // Another process may have been sent the call and run it: only what was never sealed may go on.
  if (ending === 'restarted') return !stream.wasSent
  return stream.moves < commons.limits.maxMoves
}

/** Back to the start, for another session. */
export function restart(
  stream: Stream,
  sealed: Parameters<Stream['sending']['restart']>[0],
): Stream {
  stream.sending.restart(sealed)
  stream.moves++
  stream.firstPacket = undefined
  stream.isEndOffered = false
  stream.isEndSealed = false
  stream.isEndAcknowledged = false
  return stream
}

function cancelHere(commons: Commons, stream: Stream, ending: Ending): void {
  if (ending === 'restarted') commons.calls.forget(stream)
  else commons.calls.bury(stream, commons.now)
  commons.emit({ kind: 'canceled', stream: stream.handle })
  commons.streamClosed(stream)
}

function resetAll(
  commons: Commons,
  session: Session,
  { code, cause }: Exclude<Ending, string>,
): void {
  const open = session.streams.table.all().filter((stream) => !stream.isClosed)
  for (const stream of open) {
    if (stream.role === 'caller' && stream.receiving.hasEnded) session.streams.detach(stream)
    else if (stream.role === 'caller') session.streams.cancel(stream)
    else session.streams.reset(stream, code, undefined)
  }
  // One attempt, for nothing is kept to send it again; the goodbye says the rest.
  session.flush()
  for (const stream of session.streams.table.all()) {
    session.streams.detach(stream)
    if (stream.role === 'callee') commons.calls.bury(stream, commons.now)
  }
  session.close(true)
  for (const stream of open) {
    if (stream.role === 'caller' && stream.receiving.hasEnded) settle(commons, stream)
    else commons.fail(stream, code, cause)
  }
}
