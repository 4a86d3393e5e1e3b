// The floor W: a relay on plain `ws` that forwards by a 32-byte prefix and does nothing else. No login, no
// admission, no limits, no counters. The first message of a client is its 32-byte id.
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { serve } from '../worker.js'

const clients = new Map<string, WebSocket>()
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
server.on('connection', (socket) => {
  let known = false
  socket.on('message', (message: Buffer) => {
    const id = message.toString('latin1', 0, 32)
    if (known) clients.get(id)?.send(message, { binary: true })
    else clients.set(id, socket)
    known = true
  })
})

serve(() => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
