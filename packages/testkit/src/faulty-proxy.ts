import { once } from 'node:events'
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net'

export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

export interface ProxyOptions {
  /** Keep every byte of every connection. */
  readonly record?: boolean
  readonly port?: number
}

/** Bytes of one connection, in the order in which they passed. */
export interface Recording {
  /** From the client to the target. */
  readonly up: Buffer
  readonly down: Buffer
}

type Direction = 'up' | 'down'

/**
 * A TCP proxy that carries bytes faithfully until it is told to misbehave. What it is told holds
 * for all its connections, those to come too, until it is told otherwise.
 */
export class FaultyProxy implements AsyncDisposable {
  /** Where new connections go. May change: the next one goes there. */
  target: ProxyTarget | undefined
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #recorded: Pair[] = []
  readonly #faults: Faults = { isFrozen: false, isRefusing: false, delayMs: 0, swallows: new Set() }
  readonly #isRecording: boolean

  private constructor(server: Server, { record = false }: ProxyOptions) {
    this.#server = server
    this.#isRecording = record
    server.on('connection', (client) => this.#accept(client))
  }

  /** Listens on loopback. Without a target, connections are refused until it has one. */
  static async listen(target?: ProxyTarget, options: ProxyOptions = {}): Promise<FaultyProxy> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    const proxy = new FaultyProxy(server, options)
    proxy.target = target
    server.listen(options.port ?? 0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** What passed so far, one entry per connection that was ever made. */
  recordings(): Recording[] {
    return this.#recorded.map((pair) => pair.recording())
  }

  /** Breaks every connection at once, as a crash or a pulled cable would look after its timeout. */
  cut(): void {
    for (const pair of [...this.#pairs]) pair.destroy()
  }

  /** Ends one direction of every connection and leaves the other. */
  halfClose(direction: Direction): void {
    for (const pair of this.#pairs) pair.halfClose(direction)
  }

  /** Nothing passes and nothing breaks, until `thaw`. */
  freeze(): void {
    this.#faults.isFrozen = true
    for (const pair of this.#pairs) pair.pause()
  }

  thaw(): void {
    this.#faults.isFrozen = false
    for (const pair of this.#pairs) pair.resume()
  }

  /** Bytes of this direction vanish, until `deliver`. */
  swallow(direction: Direction): void {
    this.#faults.swallows.add(direction)
  }

  deliver(direction: Direction): void {
    this.#faults.swallows.delete(direction)
  }

  /** Every chunk from now on is late by this much; the order stays. */
  delay(ms: number): void {
    this.#faults.delayMs = ms
  }

  /** New connections are closed at once, until `accept`. */
  refuse(): void {
    this.#faults.isRefusing = true
  }

  accept(): void {
    this.#faults.isRefusing = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    const { target } = this
    if (target === undefined || this.#faults.isRefusing) {
      client.resetAndDestroy()
      return
    }
    const pair = new Pair(client, target, this.#faults, this.#isRecording)
    this.#pairs.add(pair)
    if (this.#isRecording) this.#recorded.push(pair)
    pair.onEnd(() => this.#pairs.delete(pair))
  }
}

interface Faults {
  isFrozen: boolean
  isRefusing: boolean
  delayMs: number
  readonly swallows: Set<Direction>
}

class Pair {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #faults: Faults
  readonly #recorded: Record<Direction, Buffer[]> = { up: [], down: [] }
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #isRecording: boolean
  #ended: () => void = () => {}

  constructor(client: Socket, target: ProxyTarget, faults: Faults, isRecording: boolean) {
    this.#client = client
    this.#faults = faults
    this.#isRecording = isRecording
    const family = isIPv6(target.host) ? 6 : 4
    this.#upstream = connect({ ...target, family, allowHalfOpen: true, noDelay: true })
    client.setNoDelay(true)
    this.#pipe('up', client, this.#upstream)
    this.#pipe('down', this.#upstream, client)
    for (const socket of [client, this.#upstream]) {
      socket.on('error', () => this.destroy())
      socket.on('close', () => this.destroy())
    }
    if (faults.isFrozen) this.pause()
    else client.resume()
  }

  onEnd(listener: () => void): void {
    this.#ended = listener
  }

  recording(): Recording {
    return { up: Buffer.concat(this.#recorded.up), down: Buffer.concat(this.#recorded.down) }
  }

  pause(): void {
    this.#client.pause()
    this.#upstream.pause()
  }

  resume(): void {
    this.#client.resume()
    this.#upstream.resume()
  }

  halfClose(direction: Direction): void {
    const socket = direction === 'up' ? this.#upstream : this.#client
    socket.end()
  }

  destroy(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    for (const socket of [this.#client, this.#upstream]) {
      if (!socket.destroyed) socket.resetAndDestroy()
    }
    this.#ended()
  }

  #pipe(direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => {
      if (this.#isRecording) this.#recorded[direction].push(chunk)
      if (this.#faults.swallows.has(direction)) return
      this.#later(() => {
        if (!to.writable || to.write(chunk)) return
        from.pause()
        to.once('drain', () => {
          if (!this.#faults.isFrozen) from.resume()
        })
      })
    })
    from.on('end', () => this.#later(() => to.end()))
  }

  #later(action: () => void): void {
    if (this.#faults.delayMs === 0 && this.#timers.size === 0) {
      action()
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, this.#faults.delayMs)
    this.#timers.add(timer)
  }
}
