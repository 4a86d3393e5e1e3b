import { connect, type Socket } from 'node:net'
import { type Direction, type Faults, Gate } from './faults.js'
import { Pump } from './pump.js'
import type { Recording } from './recording.js'

export interface ProxiedConnectionOptions {
  readonly client: Socket
  readonly target: { readonly host: string; readonly port: number }
  readonly faults: Readonly<Record<Direction, Faults>>
  readonly recording: Recording
  readonly onForward: (direction: Direction, bytes: number) => void
}

/** One client's connection and ours to the server in its place. */
export class ProxiedConnection {
  readonly recording: Recording
  /** Settles when both sockets are gone. */
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #server: Socket
  readonly #gate = new Gate()
  readonly #pumps: Readonly<Record<Direction, Pump>>

  constructor({ client, target, faults, recording, onForward }: ProxiedConnectionOptions) {
    this.recording = recording
    this.#client = client
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    const pump = (direction: Direction, from: Socket, to: Socket) =>
      new Pump({
        from,
        to,
        faults: faults[direction],
        gate: this.#gate,
        onForward: (chunk) => {
          recording.add(direction, chunk)
          onForward(direction, chunk.length)
        },
      })
    this.#pumps = {
      up: pump('up', client, this.#server),
      down: pump('down', this.#server, client),
    }
    const sockets = [client, this.#server]
    this.closed = Promise.all(sockets.map(untilClosed)).then(() => undefined)
    for (const one of Object.values(this.#pumps)) one.run().catch(() => this.cut())
    // A socket that is gone takes the other with it, as a broken path would.
    for (const one of sockets) one.once('close', () => this.#dropAfterEnd())
  }

  /** Both ends see a reset; what was under way is lost. */
  cut(): void {
    for (const socket of [this.#client, this.#server]) {
      if (!socket.destroyed) socket.resetAndDestroy()
    }
  }

  /** Carries nothing more, for ever, and looks alive. */
  stall(): void {
    this.#gate.close()
  }

  /** Ends one direction as if its sender had; the other goes on. */
  halfClose(direction: Direction): void {
    this.#pumps[direction].endEarly()
  }

  #dropAfterEnd(): void {
    const [client, server] = [this.#client, this.#server]
    if (client.errored !== null || server.errored !== null) this.cut()
    else if (client.destroyed) server.end()
    else client.end()
  }
}

function untilClosed(socket: Socket): Promise<void> {
  // Every failure of a socket ends in its close.
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}
