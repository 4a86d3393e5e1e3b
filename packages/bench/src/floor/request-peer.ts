// The floor F: request and answer over the minimal relay, without encryption, sessions or acknowledgement.
// A frame: receiver 32 ‖ sender 32 ‖ request number, 8 bytes ‖ payload.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { type Load, volley } from '../volley.js'
import { serve } from '../worker.js'

export interface JoinFloor {
  readonly kind: 'join'
  readonly url: string
  readonly id: Uint8Array
}

export type LoadFloor = Load & { readonly to: Uint8Array }

const head = 72
let socket: WebSocket
let self: Uint8Array
const waiting = new Map<number, () => void>()
let next = 0

serve((message: JoinFloor | LoadFloor) =>
  message.kind === 'join' ? join(message) : volley(message, (payload) => call(message.to, payload)),
)

async function join({ url, id }: JoinFloor): Promise<void> {
  self = id
  socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  socket.send(id)
  socket.on('message', (message: Buffer) => {
    const number = message.readDoubleBE(64)
    const answered = waiting.get(number)
    if (answered !== undefined) {
      waiting.delete(number)
      answered()
    } else {
      const payload = message.subarray(head)
      socket.send(
        Buffer.concat([message.subarray(32, 64), self, message.subarray(64, head), payload]),
      )
    }
  })
}

function call(to: Uint8Array, payload: Uint8Array): Promise<void> {
  const frame = Buffer.concat([to, self, Buffer.alloc(8), payload])
  // Requests of the two ends never meet: only one of them calls.
  frame.writeDoubleBE(next, 64)
  return new Promise((resolve) => {
    waiting.set(next++, resolve)
    socket.send(frame)
  })
}
