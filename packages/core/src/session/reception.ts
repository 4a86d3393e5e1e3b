import type { MeshError } from '../errors.js'
import { asMeshError } from '../errors.js'
import type { Receptionist } from './arrivals.js'
import type { Commons } from './commons.js'
import { restart } from './ending.js'
import { type CallHeader, decodeCallHeader } from './headers.js'
import { streamCreditBytes } from './limits.js'
import type { Stream } from './stream.js'
import type { Streams } from './streams.js'

/** While the budget is tight, one peer holds no more than this share of it. */
const shareOfPeer = 1 / 16

/** Lets calls in, each once: docs/protocol.md §4.2, `open`. */
export function receptionist(commons: Commons): Receptionist {
  return (streams, number, bytes) => {
    const header = parse(bytes)
    if ('code' in header) {
      streams.refuse(number, header.code)
      return
    }
    // Another process was sent this call before; what became of it there, nobody knows here.
    if (header.incarnation !== undefined && header.incarnation !== commons.incarnationText) {
      streams.refuse(number, 'interrupted')
      return
    }
    const known = commons.calls.find(streams.peer, header.call, commons.now)
    if (known === 'buried') streams.refuse(number, 'interrupted')
    else if (known !== undefined) attach(known, streams, number)
    else if (!hasRoom(commons, streams)) streams.refuse(number, 'busy')
    else admit(commons, streams, number, header)
  }
}

function admit(commons: Commons, streams: Streams, number: number, header: CallHeader): void {
  const stream = commons.newStream({ peer: streams.peer, role: 'callee', header })
  streams.admit(stream, number)
  commons.calls.keep(stream)
  commons.emit({ kind: 'opened', stream: stream.handle, peer: streams.peer, header })
}

/** Takes the stream's own credit from the budget, if the caller may have it. */
function hasRoom(commons: Commons, streams: Streams): boolean {
  const { budget, calls, now } = commons
  if (!calls.hasRoom(streams.peer, now)) return false
  if (budget.isTight && streams.reservedForPeerBytes > budget.limitBytes * shareOfPeer) return false
  return budget.take(streamCreditBytes, 'stream')
}

/**
 * The call runs already, or ran: it came over another session before. It goes on over this one;
 * the caller has seen nothing of the answer, so that is sent from its start.
 */
function attach(known: Stream, streams: Streams, number: number): void {
  const { home } = known
  if (home === streams) {
    streams.refuse(number, 'invalid')
    return
  }
  if (known.resetCode !== undefined) {
    streams.refuse(number, known.resetCode)
    return
  }
  const sealed = home?.salvage(known)
  if (sealed === undefined) {
    streams.refuse(number, 'interrupted')
    return
  }
  if (!known.receiving.restart()) {
    streams.refuse(number, 'busy')
    return
  }
  home?.detach(known)
  restart(known, sealed)
  streams.admit(known, number)
  if (known.answer === undefined) return
  streams.answer(known, known.answer)
  streams.offer(known)
}

function parse(bytes: Uint8Array): CallHeader | MeshError {
  try {
    return decodeCallHeader(bytes)
  } catch (error) {
    return asMeshError(error)
  }
}
