import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MeshError } from '@agent-mesh/core'
import { addressKey } from '@agent-mesh/relay'
import { getRequestListener } from '@hono/node-server'
import type { ServerConfig } from './config.js'
import { reasonOf } from './files.js'
import { limits } from './limits.js'

export interface HttpHandlers {
  fetch(request: Request, address: string): Promise<Response>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** One port for requests and WebSockets, plain or TLS, with bounds against slow and many peers. */
export class HttpServer implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * Binds the address. Requests wait until `serve`.
   *
   * @throws MeshError `config` when the address or the certificate cannot be used
   */
  static async listen({ listen, tls }: Pick<ServerConfig, 'listen' | 'tls'>): Promise<HttpServer> {
    const server = tls === undefined ? createServer(options) : createSecureServer(tls)
    server.maxConnections = limits.connections
    server.setTimeout(limits.idleMs)
    limitPerAddress(server)
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => reject(cannotListen(error, `${listen.host}:${listen.port}`))
      server.once('error', fail)
      server.listen({ host: listen.host, port: listen.port }, () => {
        server.off('error', fail)
        resolve()
      })
    })
    return new HttpServer(server)
  }

  get address(): AddressInfo {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address
  }

  /** To be called in the same turn as `listen` returned in: nobody is connected before it. */
  serve(handlers: HttpHandlers): void {
    const listener = getRequestListener(
      (request, env) => {
        const { incoming } = env
        return handlers.fetch(request, incoming.socket.remoteAddress ?? '')
      },
      { overrideGlobalObjects: false },
    )
    this.#server.on('request', (request, response) => {
      void listener(request, response)
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // A peer that resets during the upgrade is no event; nobody else listens yet.
      socket.on('error', () => {})
      handlers.upgrade(request, socket, head)
    })
  }

  /** Takes no new connections; ends when all are gone, cutting those that stay too long. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const timer = setTimeout(() => this.#server.closeAllConnections(), limits.answersMs)
    await closed
    clearTimeout(timer)
  }
}

const options: ServerOptions = {
  maxHeaderSize: limits.headerBytes,
  headersTimeout: limits.headersMs,
  requestTimeout: limits.requestMs,
  connectionsCheckingInterval: limits.checkMs,
  keepAliveTimeout: limits.keepAliveMs,
  noDelay: true,
}

function createSecureServer(tls: NonNullable<ServerConfig['tls']>): Server {
  const cert = readPem(tls.certFile)
  const key = readPem(tls.keyFile)
  try {
    return createTlsServer({
      ...options,
      cert,
      key,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.tlsHandshakeMs,
    })
  } catch (cause) {
    const sentence = `${tls.certFile} and ${tls.keyFile} are not a certificate and its key`
    throw new MeshError('config', sentence, { cause, hint: 'both are PEM files' })
  }
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    const reason = isMissing ? 'there is no such file' : reasonOf(cause, path)
    throw new MeshError('config', `${path} cannot be read: ${reason}`, { cause })
  }
}

/** A connection over the bound is closed before a byte of it is read. */
function limitPerAddress(server: Server): void {
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = addressKey(socket.remoteAddress ?? '')
    const count = counts.get(address) ?? 0
    if (count >= limits.connectionsPerAddress) {
      socket.destroy()
      return
    }
    counts.set(address, count + 1)
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1
      if (left > 0) counts.set(address, left)
      else counts.delete(address)
    })
  })
}

function cannotListen(error: Error, address: string): MeshError {
  const code = 'code' in error ? String(error.code) : error.message
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'this user may not listen there',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'nobody knows that host',
  }
  return new MeshError('config', `cannot listen on ${address}: ${reasons[code] ?? code}`, {
    cause: error,
    hint: 'choose another with --listen HOST:PORT; port 0 takes a free one',
  })
}
