import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { maxRecordedBytes, patienceMs } from '../limits.js'
import { type Direction, Faults } from './faults.js'
import { ProxiedConnection } from './proxied-connection.js'
import { Recording, RecordingBudget } from './recording.js'

export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

export interface ProxyOptions {
  /** Keep what passes, up to this many bytes in all; `true` is enough for a few calls of 20 MB. */
  readonly record?: boolean | number
  readonly port?: number
}

interface Mark {
  readonly direction: Direction
  readonly total: number
  readonly reached: () => void
  readonly timer: NodeJS.Timeout
}

/**
 * A TCP proxy that carries bytes faithfully until it is told to misbehave. What it is told holds
 * for all its connections, those to come too, until it is told otherwise; without a direction it
 * holds for both.
 */
export class FaultyProxy implements AsyncDisposable {
  /** Where new connections go. May change: the next one goes there. */
  target: ProxyTarget | undefined
  readonly #listener: Server
  readonly #connections = new Set<ProxiedConnection>()
  readonly #recorded: Recording[] = []
  readonly #faults = { up: new Faults(), down: new Faults() }
  readonly #forwarded = { up: 0, down: 0 }
  readonly #budget: RecordingBudget
  #marks: Mark[] = []
  #isRefusing = false

  private constructor(listener: Server, { record = false }: ProxyOptions) {
    this.#listener = listener
    const bytes = record === true ? maxRecordedBytes : Number(record)
    this.#budget = new RecordingBudget(bytes)
    listener.on('connection', (client) => this.#accept(client))
  }

  /** Listens on loopback. Without a target, connections are refused until it has one. */
  static async listen(target?: ProxyTarget, options: ProxyOptions = {}): Promise<FaultyProxy> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true })
    const proxy = new FaultyProxy(listener, options)
    proxy.target = target
    listener.listen(options.port ?? 0, '127.0.0.1')
    await once(listener, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** How many are open. */
  get connections(): number {
    return this.#connections.size
  }

  /** What passed so far, one per connection that was ever made, oldest first. */
  recordings(): readonly Recording[] {
    return this.#recorded
  }

  /** Bytes handed on so far, on all connections. */
  forwarded(direction: Direction): number {
    return this.#forwarded[direction]
  }

  /** Resolves when the next connection comes, carried or refused. */
  async joining(): Promise<void> {
    await once(this.#listener, 'connection', { signal: AbortSignal.timeout(patienceMs) })
  }

  /** Resolves when so many more bytes were handed on: the event to break something at. */
  async passing(direction: Direction, bytes: number): Promise<void> {
    const total = this.#forwarded[direction] + bytes
    await new Promise<void>((reached, reject) => {
      const late = () => reject(new Error(`waited for ${bytes} bytes to pass ${direction}`))
      this.#marks.push({ direction, total, reached, timer: setTimeout(late, patienceMs) })
    })
  }

  /** Breaks every connection at once with a reset. New ones are welcome. */
  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  /** Ends one direction of every connection and leaves the other. */
  halfClose(direction: Direction): void {
    for (const connection of this.#connections) connection.halfClose(direction)
  }

  /** Nothing passes and nothing breaks, as at a stopped process; all of it comes after `thaw`. */
  freeze(direction?: Direction): void {
    for (const faults of this.#of(direction)) faults.gate.close()
  }

  thaw(direction?: Direction): void {
    for (const faults of this.#of(direction)) faults.gate.open()
  }

  /** Freezes the connections that are open now, for ever. New ones are as good as any. */
  stall(): void {
    for (const connection of this.#connections) connection.stall()
  }

  /** Bytes vanish, until `deliver`: the connection looks alive and carries nothing. */
  swallow(direction?: Direction): void {
    for (const faults of this.#of(direction)) faults.isSwallowing = true
  }

  deliver(direction?: Direction): void {
    for (const faults of this.#of(direction)) faults.isSwallowing = false
  }

  /** Every chunk from now on is late by this much; the order stays. */
  delay(ms: number, direction?: Direction): void {
    for (const faults of this.#of(direction)) faults.delayMs = ms
  }

  /** Of each connection; Infinity is as fast as it goes. */
  throttle(bytesPerSecond: number, direction?: Direction): void {
    for (const faults of this.#of(direction)) faults.bytesPerSecond = bytesPerSecond
  }

  /** New connections are reset at once, until `accept`. */
  refuse(): void {
    this.#isRefusing = true
  }

  accept(): void {
    this.#isRefusing = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#listener.listening) return
    const closed = once(this.#listener, 'close')
    this.#listener.close()
    this.cut()
    for (const { timer } of this.#marks) clearTimeout(timer)
    // What waits behind a gate has to come to its end too.
    this.thaw()
    await closed
  }

  #accept(client: Socket): void {
    const { target } = this
    if (this.#isRefusing || target === undefined) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const recording = new Recording(this.#budget)
    this.#recorded.push(recording)
    const connection = new ProxiedConnection({
      client,
      target,
      faults: this.#faults,
      recording,
      onForward: (direction, bytes) => this.#count(direction, bytes),
    })
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }

  #of(direction?: Direction): Faults[] {
    const { up, down } = this.#faults
    return direction === undefined ? [up, down] : [this.#faults[direction]]
  }

  #count(direction: Direction, bytes: number): void {
    this.#forwarded[direction] += bytes
    const isReached = (mark: Mark) => this.#forwarded[mark.direction] >= mark.total
    for (const { timer, reached } of this.#marks.filter(isReached)) {
      clearTimeout(timer)
      reached()
    }
    this.#marks = this.#marks.filter((mark) => !isReached(mark))
  }
}
