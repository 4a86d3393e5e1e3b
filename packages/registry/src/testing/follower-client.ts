import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FeedServerMessage, feedPath, parseFeedServerMessage } from '@agent-mesh/api'
import { agentRequestBytes, fromBase64url, type Keypair, toBase64url } from '@agent-mesh/core'
import { WebSocket } from 'ws'
import type { Registry } from '../registry.js'

/** The registry's feed on a real port. */
export async function serveFeed(registry: Registry): Promise<FeedServer> {
  const server = createServer()
  server.on('upgrade', registry.upgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}${feedPath}`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export interface FeedServer extends AsyncDisposable {
  readonly url: string
}

type MessageOf<T extends FeedServerMessage['type']> = Extract<FeedServerMessage, { type: T }>

/** One feed connection, message by message. Nothing is acknowledged by itself. */
export class FollowerClient implements AsyncDisposable {
  readonly socket: WebSocket
  readonly #origin: string
  readonly #messages: FeedServerMessage[] = []
  readonly #closed: Promise<number>
  #wake: () => void = () => {}
  #code: number | undefined

  constructor(url: string, origin: string) {
    this.#origin = origin
    this.socket = new WebSocket(url)
    this.socket.on('message', (data: Buffer) => {
      this.#messages.push(parseFeedServerMessage(data.toString('utf8')))
      this.#wake()
    })
    this.socket.on('error', () => {})
    this.#closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.#code = code
        this.#wake()
        resolve(code)
      })
    })
  }

  /** The close code, once it is closed. */
  get closed(): Promise<number> {
    return this.#closed
  }

  /** The next message, which has to be of this type. */
  async next<T extends FeedServerMessage['type']>(type: T): Promise<MessageOf<T>> {
    for (;;) {
      const message = this.#messages.shift()
      if (message?.type === type) return message as MessageOf<T>
      if (message !== undefined) throw new Error(`${message.type} came instead of ${type}`)
      if (this.#code !== undefined) throw new Error(`closed with ${this.#code} before ${type}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  send(message: object | string | Uint8Array): void {
    const isRaw = typeof message === 'string' || message instanceof Uint8Array
    this.socket.send(isRaw ? message : JSON.stringify(message))
  }

  /** Answers the challenge for these agents. */
  async hello(agents: readonly Keypair[], extra: object = {}): Promise<void> {
    this.#nonce ??= (await this.next('challenge')).nonce
    const bytes = agentRequestBytes({
      origin: this.#origin,
      nonce: fromBase64url(this.#nonce, 'nonce'),
      purpose: 'feed',
    })
    const signed = agents.map((keypair) => ({
      id: keypair.id,
      signature: toBase64url(keypair.sign('agent-request', bytes)),
    }))
    this.send({ type: 'hello', agents: signed, ...extra })
  }
  #nonce: string | undefined

  /** Says hello and acknowledges the snapshot. */
  async join(agents: readonly Keypair[], extra: object = {}): Promise<MessageOf<'snapshot'>> {
    await this.hello(agents, extra)
    const snapshot = await this.next('snapshot')
    this.acknowledge(snapshot.sequence)
    // The answer proves that the acknowledgement was read.
    this.send({ type: 'ping', id: 1 })
    await this.next('pong')
    return snapshot
  }

  acknowledge(sequence: number): void {
    this.send({ type: 'ack', sequence })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate()
    await this.#closed
  }
}
