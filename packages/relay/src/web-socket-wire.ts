import type { RawData, WebSocket } from 'ws'
import type { Connection, Wire } from './connection.js'

/** The stream under a ws WebSocket, which ws does not name in its types. */
interface Corkable {
  cork(): void
  uncork(): void
}
interface WithStream {
  readonly _socket?: Corkable | null
}

const sendOptions = { binary: true, compress: false } as const

/** A ws WebSocket as a connection sees it. */
export class WebSocketWire implements Wire {
  readonly #socket: WebSocket & WithStream

  constructor(socket: WebSocket) {
    this.#socket = socket
  }

  write(frame: Uint8Array, written?: () => void): void {
    if (written) this.#socket.send(frame, sendOptions, () => written())
    else this.#socket.send(frame, sendOptions)
  }

  cork(): void {
    this.#socket._socket?.cork()
  }

  uncork(): void {
    this.#socket._socket?.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }
}

/** Hands what the socket says to its connection, until `closed`, which is called exactly once. */
export function attach(socket: WebSocket, connection: Connection, closed: () => void): void {
  let detail = ''
  socket.on('message', (frame: RawData, isBinary: boolean) => {
    if (isBinary && Buffer.isBuffer(frame)) connection.receive(frame)
    else connection.violated('text instead of a binary frame')
  })
  socket.on('ping', () => connection.heard())
  socket.on('pong', () => connection.heard())
  // ws closes the connection by itself, with the code that fits.
  socket.on('error', (error) => {
    detail = error.message
  })
  socket.on('close', () => {
    connection.closed(detail)
    closed()
  })
}
