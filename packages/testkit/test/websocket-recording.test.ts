import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { FaultyProxy, websocketMessages } from '../src/index.js'

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let server: WebSocketServer
let proxy: FaultyProxy

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  proxy = await FaultyProxy.listen({ host: '127.0.0.1', port }, { record: true })
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  server.close()
})

describe('a recorded WebSocket connection', () => {
  it('reads as the messages that were sent, unmasked, of any length', async () => {
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
    const client = new WebSocket(`ws://127.0.0.1:${proxy.port}`)
    await once(client, 'open')
    const sent = [3, 300, 70_000].map((length) => Buffer.alloc(length, `${length}`))
    for (const message of sent) {
      client.send(message)
      await once(client, 'message')
    }
    const [recording] = proxy.recordings()
    const messages = recording && websocketMessages(recording)
    expect(recording?.up.includes(sent[1] ?? '')).toBe(false)
    expect(messages?.up.map(hash)).toEqual(sent.map(hash))
    expect(messages?.down.map(hash)).toEqual(sent.map(hash))
    client.terminate()
  })

  it('is told from a connection that is none', async () => {
    server.on('connection', (socket) => socket.close())
    await fetch(proxy.url).catch(() => {})
    expect(proxy.recordings().map(websocketMessages)).toEqual([undefined])
  })
})
