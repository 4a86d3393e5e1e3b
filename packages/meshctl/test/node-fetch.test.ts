import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { nodeFetch } from '../src/node-fetch.js'

async function listen(server: Server): Promise<{ url: string } & AsyncDisposable> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/x`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

const serve = (answer: RequestListener) => listen(createServer(answer))

describe('nodeFetch', () => {
  it('sends method, headers and body, and gives status, type and body', async () => {
    await using server = await serve((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        const { method, headers } = request
        response.writeHead(418, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({
            method,
            token: headers.authorization,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
    })
    const response = await nodeFetch()(server.url, {
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: 'hello',
    })
    expect(response.status).toBe(418)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ method: 'POST', token: 'Bearer x', body: 'hello' })
  })

  it('follows no redirect, which could carry a token elsewhere', async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    })
    expect((await nodeFetch()(server.url, {})).status).toBe(302)
  })

  it('takes an answer without a body', async () => {
    await using server = await serve((_request, response) => response.writeHead(204).end())
    expect((await nodeFetch()(server.url, {})).body).toBeNull()
  })

  it('rejects when the server hangs up before it answers', async () => {
    await using server = await listen(createTcpServer((socket) => socket.destroy()))
    await expect(nodeFetch()(server.url, {})).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('rejects when it is aborted while it waits', async () => {
    const controller = new AbortController()
    await using server = await serve((request) => {
      controller.abort()
      request.socket.destroy()
    })
    const waiting = nodeFetch()(server.url, { signal: controller.signal })
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })
})
