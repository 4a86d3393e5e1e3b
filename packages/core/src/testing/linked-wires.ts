import type { Clock } from '../clock.js'

export type Side = 'left' | 'right'

/** What becomes of a message. A delay lets later messages overtake it. */
export type Fate = 'deliver' | 'lose' | 'repeat' | { readonly delayMs: number }

export interface LinkedWiresOptions {
  readonly clock: Clock
  /** How long every message takes. Default 0. */
  readonly latencyMs?: number
  /** Asked once per message; `index` counts the messages of that side from 0. */
  readonly fate?: (message: Uint8Array, index: number, from: Side) => Fate
}

export interface WireEnd {
  /** Copies the message, so that a sender may reuse its buffer. */
  send(message: Uint8Array): void
  /** Takes what has arrived by now, in order of arrival. */
  receive(): Uint8Array[]
}

interface InFlight {
  readonly message: Uint8Array
  readonly dueAt: number
}

/** Two ends of a pipe in one thread, as faulty as a test wants it; time is the given clock's. */
export class LinkedWires {
  readonly left: WireEnd
  readonly right: WireEnd
  readonly #options: LinkedWiresOptions
  readonly #toLeft: InFlight[] = []
  readonly #toRight: InFlight[] = []
  #isCut = false

  constructor(options: LinkedWiresOptions) {
    this.#options = options
    this.left = this.#end('left', this.#toRight, this.#toLeft)
    this.right = this.#end('right', this.#toLeft, this.#toRight)
  }

  /** Loses all that is under way and all that is sent until `mend`. */
  cut(): void {
    this.#isCut = true
    this.#toLeft.length = 0
    this.#toRight.length = 0
  }

  mend(): void {
    this.#isCut = false
  }

  /** When the next message arrives; undefined while none is under way. */
  deadline(): number | undefined {
    const due = [...this.#toLeft, ...this.#toRight].map(({ dueAt }) => dueAt)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  #end(side: Side, outgoing: InFlight[], incoming: InFlight[]): WireEnd {
    const { clock, latencyMs = 0, fate = () => 'deliver' } = this.#options
    let sent = 0
    return {
      send: (message) => {
        const decided = fate(message, sent++, side)
        if (this.#isCut || decided === 'lose') return
        const delayMs = typeof decided === 'object' ? decided.delayMs : 0
        const flying = { message: message.slice(), dueAt: clock.now() + latencyMs + delayMs }
        outgoing.push(flying)
        if (decided === 'repeat') outgoing.push({ ...flying, message: message.slice() })
      },
      receive: () => {
        const arrived = incoming.filter(({ dueAt }) => dueAt <= clock.now())
        const flying = incoming.filter(({ dueAt }) => dueAt > clock.now())
        incoming.splice(0, incoming.length, ...flying)
        return arrived.sort((a, b) => a.dueAt - b.dueAt).map(({ message }) => message)
      },
    }
  }
}
