import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultyProxy } from '../src/index.js'

let target: Server
let accepted: Socket[]
let proxy: FaultyProxy

beforeEach(async () => {
  accepted = []
  target = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    accepted.push(socket)
  })
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port } = target.address() as AddressInfo
  proxy = await FaultyProxy.listen({ host: '127.0.0.1', port }, { record: 1000 })
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  for (const socket of accepted) socket.destroy()
  target.close()
})

/** Both ends of a new connection through the proxy. */
async function dial(): Promise<{ client: Socket; server: Socket }> {
  const arrival = once(target, 'connection') as Promise<[Socket]>
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {})
  const [server] = await arrival
  return { client, server }
}

/** A reset is a way to close, not a failure of the test. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function read(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk.toString()
}

/** Whether something arrives before a round trip of another connection does. */
async function isSilent(socket: Socket): Promise<boolean> {
  let isSilent = true
  const hear = () => {
    isSilent = false
  }
  socket.on('data', hear)
  const other = createServer((one) => one.end('over'))
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  for (let round = 0; round < 5; round++) {
    const probe = connect({ port: (other.address() as AddressInfo).port, host: '127.0.0.1' })
    await once(probe.resume(), 'close')
  }
  other.close()
  socket.off('data', hear)
  return isSilent
}

describe('a faulty proxy', () => {
  it('carries bytes both ways, and the end of each way by itself', async () => {
    const { client, server } = await dial()
    client.end('hello')
    expect(await read(server)).toBe('hello')
    await once(server, 'end')
    server.end('and back')
    expect(await read(client)).toBe('and back')
    await once(client, 'close')
    const [recording] = proxy.recordings()
    expect(recording?.up.toString()).toBe('hello')
    expect(recording?.down.toString()).toBe('and back')
  })

  it('resets both ends when it cuts, and takes new connections', async () => {
    const { client, server } = await dial()
    // Only who reads hears of a reset.
    const closed = [closing(client.resume()), closing(server.resume())]
    proxy.cut()
    await Promise.all(closed)
    expect(client.errored).toMatchObject({ code: 'ECONNRESET' })
    const again = await dial()
    again.client.write('back')
    expect(await read(again.server)).toBe('back')
  })

  it('resets a connection whose target is not there, and finds the next one', async () => {
    const { target: before } = proxy
    proxy.target = { host: '127.0.0.1', port: 1 }
    const client = connect(proxy.port, '127.0.0.1')
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
    proxy.target = before
    const { server } = await dial()
    server.write('there')
  })

  it('ends one way and leaves the other', async () => {
    const { client, server } = await dial()
    client.write('before')
    expect(await read(server)).toBe('before')
    const end = once(server.resume(), 'end')
    proxy.halfClose('up')
    await end
    client.write('into nothing')
    server.write('still here')
    expect(await read(client)).toBe('still here')
  })

  it('hands on nothing while frozen, and all of it after', async () => {
    const { client, server } = await dial()
    proxy.freeze()
    client.write('held')
    expect(await isSilent(server)).toBe(true)
    const arrival = read(server)
    proxy.thaw()
    expect(await arrival).toBe('held')
  })

  it('freezes one way and leaves the other', async () => {
    const { client, server } = await dial()
    proxy.freeze('up')
    client.write('held')
    server.write('free')
    expect(await read(client)).toBe('free')
    expect(await isSilent(server)).toBe(true)
  })

  it('stalls what is open for ever, and carries what comes after', async () => {
    const { client, server } = await dial()
    proxy.stall()
    client.write('never')
    expect(await isSilent(server)).toBe(true)
    const joined = proxy.joining()
    const fresh = await dial()
    await joined
    fresh.client.write('works')
    expect(await read(fresh.server)).toBe('works')
    expect(client.destroyed).toBe(false)
  })

  it('stops reading a sender that it does not read for', async () => {
    const { client, server } = await dial()
    proxy.freeze('up')
    const piece = Buffer.alloc(1024 * 1024)
    let pieces = 0
    while (client.write(piece) && pieces < 100) pieces++
    expect(pieces).toBeLessThan(100)
    let received = 0
    server.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    const end = once(server, 'end')
    client.end()
    proxy.thaw()
    await end
    expect(received).toBe(client.bytesWritten)
  })

  it('swallows one way without a sign, until told to deliver', async () => {
    const { client, server } = await dial()
    proxy.swallow('up')
    client.write('lost')
    expect(await isSilent(server)).toBe(true)
    proxy.deliver('up')
    client.write('kept')
    expect(await read(server)).toBe('kept')
  })

  it('delays every chunk and keeps the order', async () => {
    const { client, server } = await dial()
    const startedAt = performance.now()
    proxy.delay(100)
    client.write('slow')
    expect(await read(server)).toBe('slow')
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99)
  })

  it('throttles', async () => {
    const { client, server } = await dial()
    proxy.throttle(200_000, 'up')
    const startedAt = performance.now()
    client.end(Buffer.alloc(40_000))
    await once(server.resume(), 'end')
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190)
  })

  it('refuses new connections and keeps the old', async () => {
    const { client, server } = await dial()
    proxy.refuse()
    const other = connect(proxy.port, '127.0.0.1')
    await once(other, 'error')
    client.write('still')
    expect(await read(server)).toBe('still')
    proxy.accept()
    await dial()
  })

  it('tells when so many bytes have passed', async () => {
    const { client, server } = await dial()
    server.resume()
    const passed = proxy.passing('up', 10)
    client.write('12345')
    client.write('67890')
    await passed
    expect(proxy.forwarded('up')).toBe(10)
  })

  it('records no more than it was given room for, and says so', async () => {
    const { client, server } = await dial()
    client.end(Buffer.alloc(1001))
    await once(server.resume(), 'end')
    expect(proxy.recordings().map(({ isComplete }) => isComplete)).toEqual([false])
  })

  it('carries many connections at once', async () => {
    target.on('connection', (socket: Socket) => socket.pipe(socket))
    const echoes = Array.from({ length: 50 }, async (_, index) => {
      const client = connect(proxy.port, '127.0.0.1')
      client.end(`echo ${index}`)
      return Buffer.concat((await client.toArray()) as Buffer[]).toString()
    })
    expect(await Promise.all(echoes)).toEqual(echoes.map((_, index) => `echo ${index}`))
  })

  it('leaves no connection behind when disposed, frozen or not', async () => {
    const { client } = await dial()
    proxy.freeze()
    const closed = closing(client)
    await proxy[Symbol.asyncDispose]()
    await closed
    expect(proxy.connections).toBe(0)
  })
})
