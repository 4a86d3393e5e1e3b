import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { patienceMs } from './limits.js'

/** One POST that meshd made; the test answers it when and how it likes. */
export class HttpCall {
  readonly headers: IncomingHttpHeaders
  readonly response: ServerResponse
  /** Settles when the caller's side is gone before the answer was complete: a cancel. */
  readonly canceled: Promise<void>
  readonly #request: IncomingMessage

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.headers = request.headers
    this.response = response
    this.canceled = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve()
      })
    })
  }

  /** The whole body of the request. */
  async body(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.#request as AsyncIterable<Buffer>) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** A piece of a streamed answer; settles when this side's system has taken it. */
  async write(piece: string | Uint8Array): Promise<void> {
    if (!this.response.write(piece)) await once(this.response, 'drain')
  }

  end(piece?: string | Uint8Array): void {
    this.response.end(piece)
  }
}

/** An agent program behind `--http`, played by the test itself. */
export class HttpAgent implements AsyncDisposable {
  /** Calls that have begun, ever: whether something ran twice is read here. */
  readonly calls: HttpCall[] = []
  readonly #server: Server
  readonly #arrivals: ((call: HttpCall) => void)[] = []
  #handed = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => {
      const call = new HttpCall(request, response)
      this.calls.push(call)
      const waiting = this.#arrivals.shift()
      if (waiting === undefined) return
      this.#handed++
      waiting(call)
    })
  }

  static async start(): Promise<HttpAgent> {
    const server = createServer({ requestTimeout: 0 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new HttpAgent(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** The next call, each once and in order. */
  async nextCall(): Promise<HttpCall> {
    const call = this.calls[this.#handed]
    if (call !== undefined) {
      this.#handed++
      return call
    }
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`waited ${patienceMs} ms for a call to the agent`))
      const timer = setTimeout(late, patienceMs)
      this.#arrivals.push((arrived) => {
        clearTimeout(timer)
        resolve(arrived)
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
