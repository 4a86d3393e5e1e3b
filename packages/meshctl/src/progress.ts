import type { AnswerPart } from '@agent-mesh/api/local'
import type { Io } from './io.js'
import { progressEveryMs, progressFromBytes, silentWaitMs } from './limits.js'

/**
 * One line on a terminal that says what a call is waiting for or how far it has come, and is gone
 * when it ends. Off a terminal it does nothing.
 */
export class Progress implements Disposable {
  readonly #io: Io
  readonly #isOn: boolean
  readonly #startedAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #sent = 0
  #received = 0
  #total: number | undefined
  #waitingFor: string
  #isDrawn = false

  constructor(io: Io, waitingFor: string) {
    this.#io = io
    this.#waitingFor = waitingFor
    // A terminal that also shows the answer must not have lines drawn into it.
    this.#isOn = io.stderr.isTTY === true
    if (this.#isOn) this.#timer = setInterval(() => this.#draw(), progressEveryMs)
  }

  /** The body as it is sent, counted. */
  async *sending(
    body: AsyncIterable<Uint8Array>,
    total: number | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    this.#total = total
    for await (const chunk of body) {
      this.#sent += chunk.length
      yield chunk
    }
  }

  /** The answer as it is received, counted. */
  async *receiving(parts: AsyncIterable<AnswerPart>): AsyncGenerator<AnswerPart, void> {
    this.#waitingFor = ''
    if (this.#io.stdout.isTTY === true) this[Symbol.dispose]()
    for await (const part of parts) {
      if (part.kind === 'data') this.#received += part.bytes.length
      yield part
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#isDrawn) this.#io.stderr.write('\r\u001b[K')
    this.#isDrawn = false
  }

  #draw(): void {
    const line = this.#line()
    if (line === undefined) return
    this.#io.stderr.write(`\r\u001b[K${line}`)
    this.#isDrawn = true
  }

  #line(): string | undefined {
    const elapsedMs = performance.now() - this.#startedAt
    if (this.#received > progressFromBytes) return `↓ ${this.#amount(this.#received, undefined)}`
    if (this.#sent > progressFromBytes) return `↑ ${this.#amount(this.#sent, this.#total)}`
    if (this.#waitingFor === '' || elapsedMs < silentWaitMs) return undefined
    return `waiting for ${this.#waitingFor}…`
  }

  #amount(bytes: number, total: number | undefined): string {
    const rate = bytes / 1e6 / ((performance.now() - this.#startedAt) / 1000)
    const of = total === undefined ? '' : ` / ${(total / 1e6).toFixed(1)}`
    return `${(bytes / 1e6).toFixed(1)}${of} MB  ${rate.toFixed(0)} MB/s`
  }
}
