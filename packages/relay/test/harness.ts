import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  ClientLogin,
  type Clock,
  createKeypair,
  decodeRelayFrame,
  encodeFrame,
  type Frame,
  type Keypair,
  type RelayFrame,
  relayPath,
  relaySubprotocol,
  SecretKey,
  systemClock,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { type ClientOptions, WebSocket } from 'ws'
import {
  createRelayUpgrade,
  type EventFields,
  Relay,
  RelayEvents,
  type RelayLimits,
} from '../src/index.js'
import { MemoryGate } from '../src/testing/index.js'

export interface LoggedEvent {
  event: string
  fields: EventFields
}

/** A relay behind a real HTTP server on a port of its own, with a gate that the test owns. */
export class TestRelay implements AsyncDisposable {
  readonly gate = new MemoryGate()
  readonly events: LoggedEvent[] = []
  readonly relay: Relay
  readonly server: Server
  #origin = ''

  private constructor(limits: Partial<RelayLimits>, clock: Clock) {
    this.server = createServer()
    // The port is known only once the server listens; the relay is made before, with any origin.
    this.relay = new Relay({
      gate: this.gate,
      origins: ['ws://relay.test'],
      crypto: nodeCrypto,
      clock,
      log: new RelayEvents((_level, event, fields) => this.events.push({ event, fields })),
      limits: { sweepMs: 20, ...limits },
      others: ['ws://elsewhere.test'],
    })
    this.server.on('upgrade', createRelayUpgrade(this.relay))
  }

  static async start(
    limits: Partial<RelayLimits> = {},
    clock: Clock = systemClock,
  ): Promise<TestRelay> {
    const test = new TestRelay(limits, clock)
    await new Promise<void>((resolve) => test.server.listen(0, '127.0.0.1', resolve))
    test.#origin = `127.0.0.1:${(test.server.address() as AddressInfo).port}`
    return test
  }

  /** Where sockets connect. Logins name `ws://relay.test`, as behind a proxy. */
  get url(): string {
    return `ws://${this.#origin}${relayPath}`
  }

  get httpUrl(): string {
    return `http://${this.#origin}`
  }

  /** A fresh key, placed into `groups`. */
  agent(...groups: string[]): Keypair {
    const keypair = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
    if (groups.length > 0) this.gate.place(keypair.id, ...groups)
    return keypair
  }

  dial(options: ClientOptions = {}): Client {
    return new Client(new WebSocket(this.url, [relaySubprotocol], options))
  }

  /** A live link of a fresh or given agent. */
  async link(keypair: Keypair = this.agent('team'), options: LoginOptions = {}): Promise<Client> {
    const client = this.dial()
    await client.login(keypair, options)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay[Symbol.asyncDispose]()
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }
}

export interface LoginOptions {
  url?: string
  instance?: Uint8Array
  admission?: Uint8Array
}

/** The other end of a relay socket, frame by frame. */
export class Client {
  readonly socket: WebSocket
  readonly frames: RelayFrame[] = []
  /** The bytes of `frames`. */
  readonly raw: Buffer[] = []
  #waiting: (() => void)[] = []
  #closed: { code: number; reason: string } | undefined
  #error: Error | undefined
  #stream: Socket | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('upgrade', (response) => {
      this.#stream = response.socket
    })
    socket.on('message', (data: Buffer) => {
      this.raw.push(data)
      this.frames.push(decodeRelayFrame(data))
      this.#wake()
    })
    socket.on('close', (code, reason) => {
      this.#closed = { code, reason: reason.toString() }
      this.#wake()
    })
    socket.on('error', (error) => {
      this.#error = error
      this.#wake()
    })
  }

  send(frame: Frame): void {
    this.sendRaw(encodeFrame(frame))
  }

  sendRaw(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true })
  }

  /** The next frame, taken out of `frames`; of that kind when one is named, in order. */
  async take<K extends RelayFrame['kind']>(kind: K): Promise<Extract<RelayFrame, { kind: K }>> {
    for (;;) {
      const at = this.frames.findIndex((frame) => frame.kind === kind)
      if (at >= 0) {
        this.raw.splice(at, 1)
        return this.frames.splice(at, 1)[0] as Extract<RelayFrame, { kind: K }>
      }
      if (this.#closed || this.#error) {
        throw new Error(`closed while waiting for ${kind}`, { cause: this.#closed ?? this.#error })
      }
      await this.#change()
    }
  }

  /** Waits for the close, whatever comes before it. */
  async closed(): Promise<{ code: number; reason: string }> {
    while (!this.#closed) await this.#change()
    return this.#closed
  }

  /** Waits until something is true after a frame or a close. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await this.#change()
  }

  get isOpen(): boolean {
    return this.#closed === undefined && this.socket.readyState === WebSocket.OPEN
  }

  /** What is under the WebSocket, once it is open. */
  get rawStream(): Socket {
    if (!this.#stream) throw new Error('not open yet')
    return this.#stream
  }

  get httpRefusal(): Error | undefined {
    return this.#error
  }

  /** The login frame for this connection's challenge. */
  async answer(keypair: Keypair, options: LoginOptions = {}): Promise<Uint8Array> {
    const login = new ClientLogin({
      keypair,
      crypto: nodeCrypto,
      url: options.url ?? 'ws://relay.test',
      instance: options.instance ?? nodeCrypto.randomBytes(16),
      admission: options.admission,
    })
    const step = login.receive(await this.take('challenge'))
    if (step.kind !== 'answer') throw new Error(step.kind)
    return step.frame
  }

  async login(keypair: Keypair, options: LoginOptions = {}): Promise<number> {
    this.sendRaw(await this.answer(keypair, options))
    return (await this.take('welcome')).epoch
  }

  /** A round trip: everything sent before has been handled, everything due has arrived. */
  async roundTrip(): Promise<void> {
    const token = nodeCrypto.randomBytes(8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
    this.send({ kind: 'ping', token })
    for (;;) if ((await this.take('pong')).token === token) return
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
