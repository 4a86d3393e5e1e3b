// The daemon's local API as a test wants it: the real socket, the real frames, scripted answers.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { problemType, toProblem } from '@agent-mesh/api'
import { type AnswerFrame, encodeAnswerFrame, framesContentType } from '@agent-mesh/api/local'

export interface FakeCall {
  readonly query: URLSearchParams
  /** Reads the whole body. */
  body(): Promise<Buffer>
  send(frame: AnswerFrame): void
  end(): void
  /** Settles when the caller closed the request before its answer ended. */
  readonly canceled: Promise<void>
}

export interface FakeDaemonOptions {
  /** JSON answers by `METHOD /path`; an Error is told as a problem document. */
  readonly routes?: Readonly<Record<string, unknown>>
  readonly onCall?: (call: FakeCall) => void | Promise<void>
}

export class FakeDaemon implements AsyncDisposable {
  readonly requests: { route: string; body: string }[] = []
  readonly #server

  private constructor(options: FakeDaemonOptions) {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response, options)
    })
  }

  static async listen(socketPath: string, options: FakeDaemonOptions): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(options)
    daemon.#server.listen(socketPath)
    await once(daemon.#server, 'listening')
    return daemon
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    { routes = {}, onCall }: FakeDaemonOptions,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://meshd')
    const route = `${request.method} ${url.pathname}`
    if (route === 'POST /v1/calls' && onCall !== undefined) {
      response.writeHead(200, { 'content-type': framesContentType })
      await onCall({
        query: url.searchParams,
        body: () => readAll(request),
        send: (frame) => void response.write(Buffer.concat(encodeAnswerFrame(frame))),
        end: () => void response.end(Buffer.concat(encodeAnswerFrame({ kind: 'end' }))),
        canceled: new Promise((resolve) => {
          response.once('close', () => {
            if (!response.writableFinished) resolve()
          })
        }),
      })
      return
    }
    this.requests.push({ route, body: (await readAll(request)).toString('utf8') })
    const answer = routes[route]
    if (answer instanceof Error) {
      response.writeHead(500, { 'content-type': problemType })
      response.end(JSON.stringify(toProblem(answer)))
      return
    }
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
