import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import * as global from '../src/transport/global.js'
import * as node from '../src/transport/node.js'
import type { Dial, SocketClosed } from '../src/transport/socket.js'

const dials: [string, Dial][] = [
  ['Node', node.dial],
  ['a platform with its own WebSocket', global.dial],
]

let server: WebSocketServer
let url: string

beforeEach(async () => {
  vi.stubGlobal('WebSocket', WebSocket)
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  vi.unstubAllGlobals()
  for (const client of server.clients) client.terminate()
  server.close()
  await once(server, 'close')
})

/** Dials, and keeps what it hears as promises and lists. */
function open(dial: Dial, { maxFrameBytes = 1024 * 1024, to = url } = {}) {
  const heard: (Uint8Array | string)[] = []
  let opened: () => void = () => undefined
  let ended: (closed: SocketClosed) => void = () => undefined
  let arrived: () => void = () => undefined
  const whenOpen = new Promise<void>((resolve) => {
    opened = resolve
  })
  const whenClosed = new Promise<SocketClosed>((resolve) => {
    ended = resolve
  })
  const events = {
    open: () => opened(),
    message: (data: Uint8Array | string) => {
      heard.push(data)
      arrived()
    },
    close: (closed: SocketClosed) => ended(closed),
  }
  const socket = dial(to, ['agent-mesh.v1'], events, { maxFrameBytes })
  const whenHeard = async (count: number) => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
    }
    return heard
  }
  return { socket, whenOpen, whenClosed, whenHeard }
}

async function accepted(): Promise<WebSocket> {
  const [socket] = (await once(server, 'connection')) as [WebSocket]
  return socket
}

describe.each(dials)('a socket of %s', (_, dial) => {
  test('offers the subprotocol and carries binary and text in order, as plain bytes', async () => {
    const accepting = accepted()
    const { socket, whenOpen, whenHeard } = open(dial)
    const peer = await accepting
    expect(peer.protocol).toBe('agent-mesh.v1')
    await whenOpen
    const received: unknown[] = []
    const twice = new Promise<void>((resolve) => {
      peer.on('message', (data: Buffer, isBinary) => {
        received.push(isBinary ? Uint8Array.from(data) : data.toString())
        if (received.length === 2) resolve()
      })
    })
    socket.send(Uint8Array.of(1, 2))
    socket.send('text')
    await twice
    expect(received).toEqual([Uint8Array.of(1, 2), 'text'])
    peer.send(Uint8Array.of(9))
    peer.send('back')
    const [bytes, text] = await whenHeard(2)
    expect(bytes).toEqual(Uint8Array.of(9))
    expect(bytes?.constructor).toBe(Uint8Array)
    expect(text).toBe('back')
  })

  test('a close is heard once, with its reason', async () => {
    const accepting = accepted()
    const { whenOpen, whenClosed } = open(dial)
    const peer = await accepting
    await whenOpen
    peer.close(4001, 'replaced')
    expect(await whenClosed).toEqual({ code: 4001, detail: 'replaced' })
  })

  test('our own close is answered by a close; what is sent afterwards goes nowhere', async () => {
    const accepting = accepted()
    const { socket, whenOpen, whenClosed } = open(dial)
    await accepting
    await whenOpen
    socket.close(1000)
    socket.close(1000)
    socket.send('late')
    expect((await whenClosed).code).toBe(1000)
  })

  test('a socket that is given up ends at once', async () => {
    const accepting = accepted()
    const { socket, whenOpen, whenClosed } = open(dial)
    const peer = await accepting
    peer.pause()
    await whenOpen
    socket.terminate()
    expect((await whenClosed).code).toBe(1006)
  })

  test('a frame above the bound ends the socket', async () => {
    const accepting = accepted()
    const { whenOpen, whenClosed } = open(dial, { maxFrameBytes: 1000 })
    const peer = await accepting
    await whenOpen
    peer.send(new Uint8Array(1001))
    expect((await whenClosed).code).not.toBe(1000)
  })

  test('nobody there is a close, not an exception', async () => {
    const { whenClosed } = open(dial, { to: 'ws://127.0.0.1:1' })
    expect((await whenClosed).code).toBe(1006)
  })
})

test('Node says why a dial failed', async () => {
  const { whenClosed } = open(node.dial, { to: 'ws://127.0.0.1:1' })
  expect((await whenClosed).detail).toContain('ECONNREFUSED')
})

test('writes of one tick leave Node in one piece', async () => {
  const accepting = accepted()
  const { socket, whenOpen } = open(node.dial)
  const peer = await accepting
  await whenOpen
  const raw: number[] = []
  const all = new Promise<void>((resolve) => {
    let frames = 0
    peer.on('message', () => {
      frames += 1
      if (frames === 50) resolve()
    })
  })
  // The server's own socket: how many reads the frames came in.
  const tcp = Reflect.get(peer, '_socket') as NodeJS.EventEmitter
  tcp.on('data', (data: Buffer) => raw.push(data.length))
  for (let i = 0; i < 50; i++) socket.send(new Uint8Array(20))
  await all
  expect(raw).toHaveLength(1)
})
