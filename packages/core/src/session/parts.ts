import { type CipherRest, SessionCipher } from './cipher.js'
import type { Commons } from './commons.js'
import { Congestion } from './congestion.js'
import { Control } from './control.js'
import type { LinkId } from './effects.js'
import type { CreditRest } from './flow.js'
import { InFlight } from './in-flight.js'
import { Path } from './path.js'
import { Patience } from './patience.js'
import { Received } from './received.js'
import { salvage } from './salvage.js'
import type { Session } from './session.js'
import type { NumbersRest } from './stream-table.js'
import { Streams } from './streams.js'

/** What a session works with. */
export interface Parts {
  readonly streams: Streams
  readonly inFlight: InFlight
  readonly received: Received
  readonly congestion: Congestion
  readonly control: Control
  readonly path: Path
  readonly patience: Patience
  /** Undefined until the handshake gave the keys. */
  cipher: SessionCipher | undefined
}

/** What remains of the parts while nothing is open, acknowledged or awaited: counters and keys. */
export interface Rest {
  readonly link: LinkId | undefined
  readonly heardAt: number
  readonly sent: number
  readonly received: number
  readonly controlNext: number
  readonly controlNewest: number
  readonly numbers: NumbersRest
  readonly credit: CreditRest
  readonly cipher: CipherRest
}

export function buildParts(commons: Commons, session: Session, rest?: Rest): Parts {
  const { peer, isInitiator, incarnation, link, remoteIndex } = session.options
  const { crypto, budget, limits } = commons
  return {
    streams: new Streams(commons, {
      peer,
      isInitiator,
      incarnation,
      salvage: (stream) => salvage(session)(stream),
      touch: () => commons.touch(session),
      ...(rest && { numbers: rest.numbers, credit: rest.credit }),
    }),
    inFlight: new InFlight(budget, rest?.sent),
    received: new Received(limits, rest?.received),
    congestion: new Congestion(limits),
    control: new Control(rest?.controlNext, rest?.controlNewest),
    path: new Path(commons, session, rest === undefined ? link : rest.link),
    patience: new Patience(commons, session, rest?.heardAt ?? commons.now),
    cipher: rest && SessionCipher.resume(crypto, rest.cipher, remoteIndex),
  }
}

/** Of parts that have nothing to do. */
export function restOf(parts: Parts, cipher: SessionCipher): Rest {
  const { streams, inFlight, received, control, path, patience } = parts
  return {
    link: path.linkId,
    heardAt: patience.heardAt,
    sent: inFlight.next,
    received: received.cumulative,
    controlNext: control.next,
    controlNewest: control.newest,
    numbers: streams.table.rest(),
    credit: streams.credit.rest(),
    cipher: cipher.rest(),
  }
}
