import type { Account } from './account.js'
import type { Budget } from './budget.js'
import type { RelayLimits } from './limits.js'
import type { Tick } from './tick.js'

/** What a send-queue needs of its socket. */
export interface QueueWire {
  /** Takes the frame over. `written` is called once the socket has passed it on, or has died. */
  write(frame: Uint8Array, written?: () => void): void
  cork(): void
  uncork(): void
}

export interface SendQueueOptions {
  wire: QueueWire
  limits: RelayLimits
  budget: Budget
  tick: Tick
}

/** What one sender has waiting in one queue. */
interface Holding {
  readonly sender: Account
  bytes: number
}

/** The frames of one turn: written together, done together. Neighbours of one sender are one entry. */
interface Batch {
  readonly holdings: Holding[]
  readonly bytes: number[]
}

/**
 * The bounded queue of one connection. The frames themselves wait in the socket's own buffer; this
 * knows how many bytes those are and who sent them. It never waits for anything.
 */
export class SendQueue {
  readonly #options: SendQueueOptions
  readonly #holdings = new Map<Account, Holding>()
  /** Handed to the socket and not yet passed on, oldest first; the last may still be open. */
  #batches: Batch[] = []
  #open: Batch | undefined
  #bytes = 0
  #isReleased = false
  /** Counts batches that were passed on, so that a standstill can be seen. */
  #batchesDone = 0

  constructor(options: SendQueueOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Grows while the receiver takes what is queued. */
  get progress(): number {
    return this.#batchesDone
  }

  /** Whether a packet of `length` bytes has room here and in the process. */
  accepts(length: number, sender: Account): boolean {
    const { limits, budget } = this.#options
    const cost = length + limits.frameOverheadBytes
    const after = this.#bytes + cost
    if (after > limits.queueBytes) return false
    if (after > limits.queueBytes / 2) {
      const held = this.#holdings.get(sender)?.bytes ?? 0
      const senders = this.#holdings.size + (held === 0 ? 1 : 0)
      if (held + cost > limits.queueBytes / 2 / senders) return false
    }
    return budget.accepts(sender, cost)
  }

  /** Queues a packet that `accepts` let in. The queue owns the bytes from here on. */
  push(frame: Buffer, sender: Account): void {
    this.#write(this.#isBehind ? detached(frame) : frame, sender)
  }

  /** Queues the relay's own words, charged to the connection's agent. False: no room even for them. */
  pushControl(frame: Uint8Array, account: Account): boolean {
    const { limits, budget } = this.#options
    const cost = frame.length + limits.frameOverheadBytes
    if (this.#bytes + cost > limits.queueBytes + limits.controlBytes) return false
    if (!budget.acceptsControl(cost)) return false
    this.#write(frame, account)
    return true
  }

  /** The socket is gone, and what waited for it too. */
  release(): void {
    this.#isReleased = true
    this.#open = undefined
    for (const batch of this.#batches) this.#credit(batch)
    this.#batches = []
  }

  get #isBehind(): boolean {
    return this.#batches.length > (this.#open ? 1 : 0)
  }

  #write(frame: Uint8Array, sender: Account): void {
    if (this.#isReleased) return
    const { wire, limits, budget } = this.#options
    const cost = frame.length + limits.frameOverheadBytes
    this.#bytes += cost
    budget.charge(sender, cost)
    if (this.#open) {
      this.#record(this.#open, sender, cost)
      wire.write(frame)
      return
    }
    const batch: Batch = { holdings: [], bytes: [] }
    this.#open = batch
    this.#batches.push(batch)
    this.#record(batch, sender, cost)
    wire.cork()
    this.#options.tick.flush(() => this.#flush())
    // A corked socket passes on all of a turn or nothing, so its first frame speaks for the batch.
    wire.write(frame, () => this.#done())
  }

  #record(batch: Batch, sender: Account, cost: number): void {
    const last = batch.holdings.length - 1
    const previous = batch.holdings[last]
    if (previous?.sender === sender) {
      previous.bytes += cost
      batch.bytes[last] = (batch.bytes[last] as number) + cost
      return
    }
    let holding = this.#holdings.get(sender)
    if (!holding) {
      holding = { sender, bytes: 0 }
      this.#holdings.set(sender, holding)
    }
    holding.bytes += cost
    batch.holdings.push(holding)
    batch.bytes.push(cost)
  }

  #flush(): void {
    this.#open = undefined
    this.#options.wire.uncork()
  }

  #done(): void {
    const batch = this.#batches.shift()
    if (!batch) return
    // A socket that dies answers at once for what it was given: this batch takes nothing more in.
    if (batch === this.#open) this.#open = undefined
    this.#batchesDone += 1
    this.#credit(batch)
  }

  #credit(batch: Batch): void {
    for (let i = 0; i < batch.holdings.length; i++) {
      const holding = batch.holdings[i] as Holding
      const bytes = batch.bytes[i] as number
      holding.bytes -= bytes
      this.#bytes -= bytes
      if (holding.bytes === 0) this.#holdings.delete(holding.sender)
      this.#options.budget.credit(holding.sender, bytes)
    }
  }
}

/**
 * A frame is a view into what was read from its sender's socket, up to 64 KiB. One that will wait
 * behind a slow reader must not keep all of that alive.
 */
function detached(frame: Buffer): Buffer {
  return frame.buffer.byteLength > 2 * frame.length ? Buffer.from(frame) : frame
}
