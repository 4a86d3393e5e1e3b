import type { Chunk } from './effects.js'
import { decodeDataRecord } from './frames.js'
import type { Session } from './session.js'
import type { Stream } from './stream.js'

/**
 * What was sealed in a session for streams that now go on in another: read back from the packets
 * the peer has not acknowledged. Gives a function from stream to its chunks, oldest first; it says
 * undefined where the peer acknowledged some of them, for those are not kept.
 */
export function salvage(session: Session): (stream: Stream) => Chunk[] | undefined {
  let chunks: Map<number, Chunk[]> | undefined
  return (stream) => {
    if (!isAllKept(session, stream)) return undefined
    chunks ??= read(session)
    return chunks.get(stream.number) ?? []
  }
}

function isAllKept(session: Session, stream: Stream): boolean {
  if (stream.firstPacket === undefined) return true
  if (stream.firstPacket === -1) return session.early !== undefined
  return stream.firstPacket >= session.inFlight.cumulative
}

function read(session: Session): Map<number, Chunk[]> {
  const chunks = new Map<number, Chunk[]>()
  const take = (record: Uint8Array | undefined): void => {
    if (record === undefined) return
    for (const frame of decodeDataRecord(record)) {
      if (frame.kind !== 'data') continue
      const { stream, bytes, endOfMessage } = frame
      const list = chunks.get(stream)
      if (list === undefined) chunks.set(stream, [{ bytes, endOfMessage }])
      else list.push({ bytes, endOfMessage })
    }
  }
  take(session.early?.record)
  for (const { number, packet } of session.inFlight.retained()) {
    take(session.cipher.reopen(number, packet))
  }
  return chunks
}
