import type { Socket } from 'node:net'
import WebSocket from 'ws'
import type { Dial, WebSocketLike } from './socket.js'

export { createFetch } from './node-fetch.js'

/** A dial that has not become a WebSocket by then never will: TCP, TLS and upgrade together. */
const handshakeTimeoutMs = 10_000

/** A peer that does not answer our goodbye is not waited for; the default of 30 s would hold us up. */
const closeTimeoutMs = 1_000

/** Node: `ws`, without compression, writes of one tick corked into one system call. */
export const dial: Dial = (url, protocols, events, options): WebSocketLike => {
  const settings: WebSocket.ClientOptions & { closeTimeout: number } = {
    perMessageDeflate: false,
    handshakeTimeout: handshakeTimeoutMs,
    closeTimeout: closeTimeoutMs,
    maxPayload: options.maxFrameBytes,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  }
  const socket = new WebSocket(url, [...protocols], settings)
  let tcp: Socket | undefined
  let corked = false
  let failure = ''
  const uncork = (): void => {
    corked = false
    tcp?.uncork()
  }
  socket.on('upgrade', (response) => {
    tcp = response.socket
  })
  socket.on('open', () => events.open())
  socket.on('message', (data, isBinary) => {
    const bytes = data as Buffer
    events.message(isBinary ? exact(bytes) : bytes.toString('utf8'))
  })
  socket.on('error', (error) => {
    failure = describe(error)
  })
  socket.on('close', (code, reason) => {
    events.close({ code, detail: failure || reason.toString('utf8') })
  })
  return {
    send(data) {
      if (socket.readyState !== WebSocket.OPEN) return
      if (!corked && tcp !== undefined) {
        corked = true
        tcp.cork()
        process.nextTick(uncork)
      }
      socket.send(data)
    },
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    close: (code = 1000, reason = '') => socket.close(code, reason.slice(0, 120)),
    terminate: () => socket.terminate(),
  }
}

/** A plain view: code that compares or stores what it was given must not meet a Buffer. */
function exact(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function describe(error: Error & { code?: string; errors?: unknown }): string {
  if (error.message !== '') return error.message
  // Node tries every address of a name and wraps the failures in an AggregateError without words.
  const first = Array.isArray(error.errors) ? (error.errors[0] as unknown) : undefined
  return first instanceof Error ? first.message : (error.code ?? error.name)
}
