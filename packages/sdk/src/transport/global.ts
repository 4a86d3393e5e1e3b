import type { Fetch } from '@agent-mesh/api'
import type { Dial, WebSocketLike } from './socket.js'

/** Browsers, Workers, Deno and Bun: the WebSocket that is there. */
export const dial: Dial = (url, protocols, events, options): WebSocketLike => {
  const socket = new WebSocket(url, [...protocols])
  socket.binaryType = 'arraybuffer'
  let ended = false
  const end = (code: number, detail: string): void => {
    if (ended) return
    ended = true
    events.close({ code, detail })
  }
  socket.addEventListener('open', () => {
    if (!ended) events.open()
  })
  socket.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (ended) return
    const data = event.data
    if (typeof data === 'string') {
      if (data.length > options.maxFrameBytes) close(socket, 1009, 'frame too large')
      else events.message(data)
    } else if (data instanceof ArrayBuffer) {
      if (data.byteLength > options.maxFrameBytes) close(socket, 1009, 'frame too large')
      else events.message(new Uint8Array(data))
    }
  })
  // An `error` event tells nothing and `close` always follows it; some report one nobody hears.
  socket.addEventListener('error', () => undefined)
  socket.addEventListener('close', (event) => end(event.code, event.reason))
  return {
    send(data) {
      if (socket.readyState === WebSocket.OPEN)
        socket.send(data as Uint8Array<ArrayBuffer> | string)
    },
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    close: (code = 1000, reason = '') => close(socket, code, reason),
    terminate() {
      // There is no abrupt end here, and the closing handshake may take a minute on a dead network.
      close(socket, 1000, '')
      end(1006, 'given up')
    },
  }
}

/** Script may only send 1000 and 3000–4999; the peer sees our reason, not our number. */
function close(socket: WebSocket, code: number, reason: string): void {
  socket.close(code === 1000 || code >= 3000 ? code : 4000 + (code % 1000), reason.slice(0, 120))
}

/** The platform's fetch; a private certificate authority is the platform's own setting here. */
export function createFetch(_options: { readonly ca?: string }): Fetch {
  return (url, init) => fetch(url, init)
}
