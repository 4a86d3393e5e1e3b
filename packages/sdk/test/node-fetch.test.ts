import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createFetch } from '../src/transport/node-fetch.js'

const fetch = createFetch({})
let server: Server | undefined

afterEach(async () => {
  if (server === undefined) return
  server.close()
  await once(server, 'close')
})

async function listen(listening: Server): Promise<string> {
  server = listening
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const http = (listener: RequestListener) => listen(createServer(listener))

test('method, headers and body go out; status, headers and body come back', async () => {
  const url = await http((request, response) => {
    let body = ''
    request.on('data', (data: Buffer) => {
      body += data.toString()
    })
    request.on('end', () => {
      response.writeHead(201, { 'content-type': 'application/json' })
      response.end(JSON.stringify([request.method, request.headers['x-a'], body]))
    })
  })
  const headers = new Headers({ 'X-A': '1' })
  const response = await fetch(url, { method: 'POST', headers, body: '{}' })
  expect(response.status).toBe(201)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toEqual(['POST', '1', '{}'])
})

test('an answer without a body is one', async () => {
  const url = await http((_, response) => response.writeHead(204).end())
  expect((await fetch(url, {})).body).toBeNull()
})

test('a redirect is not followed', async () => {
  const url = await http((_, response) => response.writeHead(302, { location: '/x' }).end())
  expect((await fetch(url, {})).status).toBe(302)
})

test('a server that hangs up at once is a failure at once', async () => {
  const url = await listen(createTcpServer((socket) => socket.destroy()))
  await expect(fetch(url, {})).rejects.toMatchObject({ code: 'ECONNRESET' })
})

test('an abort rejects with its reason, before and while it waits', async () => {
  const abort = new AbortController()
  const url = await http(() => abort.abort('enough'))
  await expect(fetch(url, { signal: abort.signal })).rejects.toBe('enough')
  expect(() => fetch(url, { signal: abort.signal })).toThrow('enough')
})
