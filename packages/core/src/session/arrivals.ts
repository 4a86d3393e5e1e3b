import { errorFromWire, MeshError } from '../errors.js'
import type { Commons } from './commons.js'
import type { Chunk } from './effects.js'
import type { DataFrame } from './frames.js'
import { decodeAnswerHeader, decodeDetail } from './headers.js'
import { chargeOf } from './sending.js'
import type { Stream } from './stream.js'
import type { StreamTable } from './stream-table.js'
import type { Streams } from './streams.js'

/** Frames of the data space that belong to a stream. */
export type StreamFrame = Exclude<DataFrame, { kind: 'session-probe' | 'session-status' }>

/** Takes an `open` that is well formed; what it refuses, it resets. */
export type Receptionist = (streams: Streams, number: number, header: Uint8Array) => void

/** What the peer's frames do to the streams of a session. */
export class Arrivals {
  readonly #commons: Commons
  readonly #streams: Streams
  readonly #table: StreamTable

  constructor(commons: Commons, streams: Streams) {
    this.#commons = commons
    this.#streams = streams
    this.#table = streams.table
  }

  /** Handles a frame; throws 'invalid' where the peer breaks the rules. */
  receive(frame: StreamFrame): void {
    if (frame.kind === 'open') {
      this.#open(frame.stream, frame.header)
      return
    }
    if (frame.kind === 'data') {
      const isCovered = this.#streams.credit.receive(chargeOf(frame.bytes.length))
      if (!isCovered) throw violation('data beyond the credit of the session')
    }
    const stream = this.#table.get(frame.stream)
    if (stream === undefined || stream.resetCode !== undefined) {
      // Late, for a stream that is over. For one that never was, there is no excuse.
      if (!this.#table.isPast(frame.stream)) throw violation('a stream never opened')
      return
    }
    switch (frame.kind) {
      case 'answer':
        this.#answer(stream, frame.header)
        break
      case 'data':
        this.#data(stream, frame)
        break
      case 'end':
        this.#end(stream)
        break
      case 'cancel':
        if (stream.role === 'caller') throw violation('the callee cancels')
        this.#givenUp(stream, undefined)
        break
      case 'reset':
        this.#givenUp(stream, errorFromWire(frame.code, decodeDetail(frame.detail)))
        break
    }
  }

  #open(number: number, header: Uint8Array): void {
    if (!this.#table.acceptsRemote(number)) throw violation('a stream number out of order')
    const { maxStreams } = this.#commons.limits
    const { remoteOpen } = this.#table
    // A peer that keeps to the limit never has more open. Were there no bound on what is refused,
    // the resets that wait to be sent would pile up.
    if (remoteOpen + this.#streams.outgoing.urgentFrames > 4 * maxStreams) {
      throw violation('too many calls at a time')
    }
    if (remoteOpen >= maxStreams) this.#streams.refuse(number, 'busy')
    else this.#commons.welcome(this.#streams, number, header)
  }

  #answer(stream: Stream, header: Uint8Array): void {
    if (stream.role === 'callee' || stream.answer !== undefined) {
      throw violation('an answer out of place')
    }
    stream.answer = decodeAnswerHeader(header)
    this.#commons.emit({ kind: 'answered', stream: stream.handle, header: stream.answer })
  }

  #data(stream: Stream, frame: StreamFrame & { kind: 'data' }): void {
    expectBody(stream)
    if (frame.bytes.length === 0 && !frame.endOfMessage) throw violation('a data frame of nothing')
    if (!stream.receiving.push(ownBytes(frame))) {
      throw violation('data beyond the credit of the stream')
    }
    this.#streams.credit.allow(-chargeOf(frame.bytes.length))
    this.#announce(stream)
  }

  #end(stream: Stream): void {
    expectBody(stream)
    this.#table.releaseCredit(stream)
    stream.receiving.end()
    if (stream.isEndSealed) this.#table.releasePlace(stream)
    this.#announce(stream)
  }

  #givenUp(stream: Stream, error: MeshError | undefined): void {
    this.#commons.calls.forget(stream)
    this.#streams.detach(stream)
    if (stream.isClosed) return
    if (error === undefined) this.#commons.emit({ kind: 'canceled', stream: stream.handle })
    else this.#commons.emit({ kind: 'reset', stream: stream.handle, error })
    this.#commons.streamClosed(stream)
  }

  #announce(stream: Stream): void {
    const { receiving } = stream
    if (receiving.isAnnounced || receiving.isEndRead) return
    receiving.isAnnounced = true
    this.#commons.emit({ kind: 'readable', stream: stream.handle })
  }
}

function expectBody(stream: Stream): void {
  const isUnanswered = stream.role === 'caller' && stream.answer === undefined
  if (stream.receiving.hasEnded || isUnanswered) throw violation('a body out of place')
}

/** A small piece would keep the whole record it came in; it is copied out. */
function ownBytes(frame: StreamFrame & { kind: 'data' }): Chunk {
  const { bytes, endOfMessage } = frame
  const isSmall = bytes.length * 2 < bytes.buffer.byteLength
  return { bytes: isSmall ? bytes.slice() : bytes, endOfMessage }
}

function violation(what: string): MeshError {
  return new MeshError('invalid', `the peer broke the protocol: ${what}`)
}
