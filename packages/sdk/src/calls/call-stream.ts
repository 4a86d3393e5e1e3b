import { type ErrorCode, MeshError } from '@agent-mesh/core'
import { limits } from '../limits.js'
import {
  type Body,
  type BodyItem,
  type Chunk,
  chunkOf,
  itemsOf,
  stopItems,
  wholeBody,
} from './chunk.js'
import { Waiter } from './waiter.js'

/** The part of the session that one stream of a call needs; time and draining are the driver's. */
export interface StreamPort {
  /** Consuming gives credit back; `undefined` means nothing is there now. */
  read(stream: number): Chunk | 'end' | undefined
  /** The bytes are taken in any case; false asks to wait for `writable`. */
  write(stream: number, bytes: Uint8Array, endOfMessage: boolean): boolean
  end(stream: number): void
  cancel(stream: number): void
  reset(stream: number, code: ErrorCode, detail?: Record<string, unknown>): void
}

export interface StreamEvents {
  /** Called once, when nothing of this stream can happen any more. */
  readonly onEnd: () => void
  /** Called once, when everything from the far side was read. */
  readonly onReadEnd?: () => void
}

/** How the failure of a stream is told to the far side. */
export type StreamFailure =
  | { readonly tell: 'nothing' }
  | { readonly tell: 'cancel' }
  | { readonly tell: 'reset'; readonly code: ErrorCode; readonly detail?: Record<string, unknown> }

/**
 * One stream of a call as promises. It fails once: by the far side, by a signal or deadline, or by
 * its own end's wish; from then on every read and write rejects with that reason.
 */
export class CallStream {
  readonly #port: StreamPort
  readonly #id: number
  readonly #readable = new Waiter()
  readonly #writable = new Waiter()
  readonly #events: StreamEvents
  #failed = false
  #failure: unknown
  #readEnded = false
  #writeEnded = false
  #over = false
  /** What the last chunk still has to hand over, once there is room. */
  #rest: Chunk | undefined
  /** Ends the wait for the next item of a streamed body. */
  #abandonItem: (() => void) | undefined

  constructor(port: StreamPort, id: number, events: StreamEvents) {
    this.#port = port
    this.#id = id
    this.#events = events
  }

  get readEnded(): boolean {
    return this.#readEnded
  }

  get failed(): boolean {
    return this.#failed
  }

  get failure(): unknown {
    return this.#failure
  }

  // What the driver tells.

  readable(): void {
    this.#readable.wake()
  }

  writable(): void {
    this.#writable.wake()
  }

  /** Both directions are complete and acknowledged. */
  closed(): void {
    // Whoever still waits would wait for ever.
    if (!this.#readEnded) this.fail(new MeshError('interrupted'), { tell: 'nothing' })
    this.#end()
  }

  // What the application does.

  /** The next chunk, or `undefined` after the last. */
  async read(): Promise<Chunk | undefined> {
    for (;;) {
      if (this.#readEnded) return undefined
      if (this.#failed) throw this.#failure
      const next = this.#port.read(this.#id)
      if (next === 'end') {
        this.#readEnded = true
        this.#events.onReadEnd?.()
        return undefined
      }
      if (next !== undefined) return next
      await this.#readable.wait()
    }
  }

  /** Takes a body, waits for room between slices, ends this direction. */
  async send(body: Body): Promise<void> {
    const whole = wholeBody(body)
    if (whole === 'empty') return this.finish()
    if (whole !== undefined) {
      // No await before the first slices and the end are in: a small call leaves as one record.
      if (!this.#writeSlices(whole)) await this.#writeRest()
      return this.finish()
    }
    const items = itemsOf(body)
    try {
      for (;;) {
        const item = await this.#nextItem(items)
        if (item === undefined) break
        if (!this.#writeSlices(chunkOf(item))) await this.#writeRest()
      }
    } catch (error) {
      stopItems(items)
      throw error
    }
    this.finish()
  }

  /** This direction is complete. */
  finish(): void {
    if (this.#failed || this.#writeEnded) return
    this.#writeEnded = true
    this.#port.end(this.#id)
  }

  /** Fails the stream with `reason`; only the first failure counts. */
  fail(reason: unknown, how: StreamFailure): void {
    if (this.#failed || this.#over) return
    this.#failed = true
    this.#failure = reason
    if (how.tell === 'cancel') this.#port.cancel(this.#id)
    else if (how.tell === 'reset') this.#port.reset(this.#id, how.code, how.detail)
    this.#rest = undefined
    this.#readable.wake()
    this.#writable.wake()
    this.#abandonItem?.()
    this.#end()
  }

  /** The other direction is complete and makes ours pointless. */
  abandonWriting(): void {
    if (!this.#writeEnded) this.fail(canceled(), { tell: 'cancel' })
  }

  /** Reads and drops what the far side still sends, so that it can end. */
  async discard(): Promise<void> {
    try {
      while ((await this.read()) !== undefined);
    } catch {
      // The stream ended some other way, which is as good.
    }
  }

  /**
   * True when all of the chunk was taken and more may follow at once. A large body is not handed
   * over whole, or nothing would bound what the session holds.
   */
  #writeSlices(chunk: Chunk): boolean {
    let { bytes } = chunk
    for (;;) {
      if (this.#failed) throw this.#failure
      const last = bytes.length <= limits.writeSliceBytes
      const slice = last ? bytes : bytes.subarray(0, limits.writeSliceBytes)
      const more = this.#port.write(this.#id, slice, last && chunk.endOfMessage)
      if (last) {
        this.#rest = undefined
        return more
      }
      bytes = bytes.subarray(limits.writeSliceBytes)
      if (!more) {
        this.#rest = { bytes, endOfMessage: chunk.endOfMessage }
        return false
      }
    }
  }

  async #writeRest(): Promise<void> {
    for (;;) {
      if (this.#failed) throw this.#failure
      await this.#writable.wait()
      if (this.#failed) throw this.#failure
      const rest = this.#rest
      if (rest === undefined || this.#writeSlices(rest)) return
    }
  }

  /** The source's next item; a failure of the stream does not wait for a source that is stuck. */
  async #nextItem(items: AsyncIterator<BodyItem>): Promise<BodyItem | undefined> {
    if (this.#failed) throw this.#failure
    const abandoned = new Promise<never>((_, reject) => {
      this.#abandonItem = () => reject(this.#failure)
    })
    // Raced below; without this a late rejection would count as unhandled.
    abandoned.catch(() => undefined)
    try {
      const next = await Promise.race([items.next(), abandoned])
      return next.done === true ? undefined : next.value
    } finally {
      this.#abandonItem = undefined
    }
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#events.onEnd()
  }
}

/** The failure of a stream whose owner no longer wants it. */
export function canceled(): MeshError {
  return new MeshError('canceled', 'the call was canceled')
}
