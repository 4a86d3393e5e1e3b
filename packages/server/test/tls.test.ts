import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Fetch } from '@agent-mesh/api'
import { failure } from '@agent-mesh/registry/testing'
import { CertificateAuthority, TempFolder } from '@agent-mesh/testkit'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { HttpServer } from '../src/http-server.js'
import { RunningServer } from './running-server.js'

/** fetch with an authority of one's own, which the global one cannot be told. */
const fetchTrusting =
  (ca: string): Fetch =>
  async (url, init) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const outgoing = request(url, { method: init.method, headers, ca, agent: false })
    outgoing.end(init.body)
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    return new Response(Buffer.concat(chunks), { status: incoming.statusCode ?? 500 })
  }

it('serves https and wss with a certificate, and only that', async () => {
  const authority = new CertificateAuthority()
  const folder = await TempFolder.create()
  const { cert, key } = authority.issue({ hosts: ['127.0.0.1', 'localhost'] })
  writeFileSync(folder.file('cert.pem'), cert)
  writeFileSync(folder.file('key.pem'), key)
  const files = ['--tls-cert', folder.file('cert.pem'), '--tls-key', folder.file('key.pem')]
  await using server = await RunningServer.start(files, { folder })
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  const { relays } = await server.client(undefined, fetchTrusting(authority.cert)).registry()
  expect(relays[0]).toBe(`${server.url.replace('https', 'wss')}/relay/ws`)
  const socket = new WebSocket(relays[0] ?? '', 'agent-mesh.v1', { ca: authority.cert })
  const [challenge] = (await once(socket, 'message')) as [Buffer]
  expect(challenge[0]).toBe(1)
  socket.terminate()
  const stranger = await failure(server.client().registry())
  expect(stranger).toMatchObject({ code: 'registry-unreachable' })
  expect(stranger.message).toContain('not trusted')
  await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow()
})

it('names a certificate that is not there', async () => {
  const listen = { host: '127.0.0.1', port: 0 }
  const tls = { certFile: 'no-cert.pem', keyFile: 'no-key.pem' }
  await expect(HttpServer.listen({ listen, tls })).rejects.toMatchObject({
    code: 'config',
    message: 'no-cert.pem cannot be read: there is no such file',
  })
})
