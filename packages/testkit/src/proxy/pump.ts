import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { maxDelayedBytes, throttledPieceBytes } from '../limits.js'
import type { Faults, Gate } from './faults.js'

export interface PumpOptions {
  readonly from: Socket
  readonly to: Socket
  readonly faults: Faults
  /** Of this connection alone. */
  readonly gate: Gate
  /** Called with every chunk as it is handed on; not with dropped ones. */
  readonly onForward: (chunk: Buffer) => void
}

interface Delayed {
  readonly chunk: Buffer
  readonly dueAt: number
}

/** Carries the bytes of one direction of one connection, with whatever is wrong with it now. */
export class Pump {
  readonly #options: PumpOptions
  readonly #line: Delayed[] = []
  #lineBytes = 0
  #hasEnded = false
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  constructor(options: PumpOptions) {
    this.#options = options
  }

  /** Until the sender has ended and all of it was handed on; rejects when either socket breaks. */
  async run(): Promise<void> {
    await Promise.all([this.#read(), this.#write()])
  }

  /** Hands on nothing more, and says so to the receiver. */
  endEarly(): void {
    this.#line.length = 0
    this.#hasEnded = true
    this.#wakeWriter?.()
    // What the sender still says is read away.
    this.#wakeReader?.()
  }

  async #read(): Promise<void> {
    const { from, faults, gate } = this.#options
    // Without this, the end of one direction would destroy the other.
    const chunks = from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
    for await (const chunk of chunks) {
      if (this.#hasEnded) continue
      this.#line.push({ chunk, dueAt: performance.now() + faults.delayMs })
      this.#lineBytes += chunk.length
      this.#wakeWriter?.()
      if (this.#lineBytes > maxDelayedBytes || faults.gate.isClosed || gate.isClosed) {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
      }
    }
    this.#hasEnded = true
    this.#wakeWriter?.()
  }

  async #write(): Promise<void> {
    const { to, faults } = this.#options
    for (;;) {
      const next = this.#line.shift()
      if (next === undefined) {
        if (this.#hasEnded) break
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve
        })
        continue
      }
      const early = next.dueAt - performance.now()
      if (early > 0) await pause(Math.ceil(early))
      await this.#allowed()
      if (!faults.isSwallowing) await this.#forward(next.chunk)
      this.#lineBytes -= next.chunk.length
      if (this.#lineBytes <= maxDelayedBytes) this.#wakeReader?.()
    }
    to.end()
  }

  async #forward(chunk: Buffer): Promise<void> {
    const { faults } = this.#options
    for (let at = 0; at < chunk.length; ) {
      const { bytesPerSecond } = faults
      const isThrottled = Number.isFinite(bytesPerSecond)
      const piece = isThrottled ? chunk.subarray(at, at + throttledPieceBytes) : chunk.subarray(at)
      if (isThrottled) await pause(Math.ceil((piece.length / bytesPerSecond) * 1000))
      await this.#allowed()
      await this.#send(piece)
      at += piece.length
    }
  }

  async #allowed(): Promise<void> {
    const { faults, gate } = this.#options
    await faults.gate.passed()
    await gate.passed()
  }

  async #send(piece: Buffer): Promise<void> {
    const { to, onForward } = this.#options
    if (to.destroyed || to.writableEnded) return
    onForward(piece)
    if (!to.write(piece) && !to.destroyed)
      await Promise.race([once(to, 'drain'), once(to, 'close')])
  }
}
