import type { Account } from './account.js'

/** Kept free for notices and pongs when packets have taken the rest. */
const controlFraction = 1 / 16

/** The memory of all send-queues together, and who holds how much of it. */
export class Budget {
  readonly #capacity: number
  readonly #packetCapacity: number
  #usedBytes = 0
  #senders = 0

  constructor(capacityBytes: number) {
    this.#capacity = capacityBytes
    this.#packetCapacity = capacityBytes * (1 - controlFraction)
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /**
   * Whether a sender may have `bytes` more waiting. Up to half anybody may; beyond it only who
   * stays within an equal share of that half, so a flood cannot take the room of the others.
   */
  accepts(sender: Account, bytes: number): boolean {
    const after = this.#usedBytes + bytes
    if (after <= this.#capacity / 2) return true
    if (after > this.#packetCapacity) return false
    const senders = this.#senders + (sender.heldBytes === 0 ? 1 : 0)
    return sender.heldBytes + bytes <= this.#capacity / 2 / senders
  }

  /** Whether the relay's own words still fit. */
  acceptsControl(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.#capacity
  }

  charge(sender: Account, bytes: number): void {
    if (sender.heldBytes === 0) this.#senders += 1
    sender.heldBytes += bytes
    this.#usedBytes += bytes
  }

  credit(sender: Account, bytes: number): void {
    sender.heldBytes -= bytes
    this.#usedBytes -= bytes
    if (sender.heldBytes === 0) this.#senders -= 1
  }
}
