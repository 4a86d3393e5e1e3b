import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { registerAgent, requestAdmission } from '@agent-mesh/api'
import {
  ClientLogin,
  createKeypair,
  decodeRelayFrame,
  type Keypair,
  relaySubprotocol,
  SecretKey,
  signCard,
  signedToBytes,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { FollowerClient, failure } from '@agent-mesh/registry/testing'
import { TempFolder } from '@agent-mesh/testkit'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { main } from '../src/main.js'
import { FakeHost, RunningServer } from './running-server.js'

const newKey = () => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
const register = async (server: RunningServer, keypair: Keypair, name: string, sequence = 1) => {
  const card = signCard(keypair, { name, sequence, capabilities: [{ name: 'echo' }] })
  return registerAgent(await server.owner(), { keypair, card, crypto: nodeCrypto })
}

/** The body of what a request gets that names another host. */
const getAs = (url: string, host: string) =>
  new Promise<string>((resolve, reject) => {
    const request = get(url, { headers: { host } }, (response) => {
      response.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()), reject)
    })
    request.on('error', reject)
  })

describe('agent-mesh-server', () => {
  it('takes a first owner from the code in the file to an agent on the relay', async () => {
    await using server = await RunningServer.start()
    const ownerFile = server.folder.file('owner')
    expect(statSync(ownerFile).mode & 0o777).toBe(0o600)
    const client = await server.owner()
    const bob = newKey()
    const card = signCard(bob, { name: 'bob', sequence: 1, capabilities: [{ name: 'echo' }] })
    await registerAgent(client, { keypair: bob, card, crypto: nodeCrypto })
    const { relays } = await client.registry()
    const url = relays[0] ?? ''
    expect(url).toBe(`${server.url.replace('http', 'ws')}/relay/ws`)
    const admission = signedToBytes(await requestAdmission(client, bob))
    const socket = new WebSocket(url, relaySubprotocol)
    const instance = nodeCrypto.randomBytes(16)
    const login = new ClientLogin({ keypair: bob, crypto: nodeCrypto, url, instance, admission })
    const outcome = await new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const step = login.receive(decodeRelayFrame(new Uint8Array(data)))
        if (step.kind === 'answer') socket.send(step.frame)
        else {
          socket.removeAllListeners('message')
          resolve(step.kind)
        }
      })
    })
    expect(outcome).toBe('accepted')
    expect((await client.agent({ params: { id: 'bob' } })).online).toBe(true)
    socket.terminate()
  })

  it('serves the feed on the same port', async () => {
    await using server = await RunningServer.start()
    const bob = newKey()
    await register(server, bob, 'bob')
    await using follower = new FollowerClient(`${server.url}/v1/feed`, server.url)
    expect((await follower.join([bob])).agents).toHaveLength(1)
  })

  it('accepts itself by localhost and by no other name', async () => {
    await using server = await RunningServer.start()
    const { origins } = await server.client().registry()
    const { port } = new URL(server.url)
    expect(origins).toEqual([`http://127.0.0.1:${port}`, `http://localhost:${port}`])
    await using named = await RunningServer.start(['--public-url', 'https://mesh.example.com'])
    expect((await named.client().registry()).origins).toEqual(['https://mesh.example.com'])
    expect(await failure(register(named, newKey(), 'bob'))).toMatchObject({ code: 'login-refused' })
  })

  it('prints a new code while it runs', async () => {
    await using server = await RunningServer.start()
    await server.owner()
    const host = new FakeHost()
    expect(await main(['owner-login', '--db-path', server.folder.file('mesh.db')], host)).toBe(0)
    expect(host.out).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}\n$/)
    const { person } = await server.client().login({ body: { code: host.out } })
    expect(person.role).toBe('owner')
    expect(await failure(server.client().login({ body: { code: host.out } }))).toMatchObject({
      code: 'login-refused',
    })
  })

  it('goes on where it stopped: admission key, tokens, agents and rules', async () => {
    const server = await RunningServer.start()
    const bob = newKey()
    await register(server, bob, 'bob')
    const host = new FakeHost()
    await main(['owner-login', '--db-path', server.folder.file('mesh.db')], host)
    const { token } = await server.client().login({ body: { code: host.out } })
    const body = { effect: 'allow', from: '*', to: 'bob', capability: 'echo' } as const
    const { rule } = await server.client(token).addRule({ body })
    const before = await server.client().registry()
    expect(await server.stop()).toBe(0)
    expect(existsSync(server.folder.file('ready'))).toBe(false)
    const { host: address } = new URL(server.url)
    const { folder } = server
    await using again = await RunningServer.start(['--listen', address], { folder })
    expect(await again.client().registry()).toEqual(before)
    expect((await again.client(token).rules()).rules).toEqual([rule])
    await requestAdmission(again.client(), bob)
  })

  it('makes no code once there is an owner', async () => {
    const first = await RunningServer.start()
    await first.owner()
    await first.stop()
    const { folder } = first
    writeFileSync(folder.file('owner'), 'untouched')
    await using second = await RunningServer.start([], { folder })
    expect(second.host.out).toBe('')
    expect(readFileSync(folder.file('owner'), 'utf8')).toBe('untouched')
  })

  it('shows the first code on a terminal, and nowhere else', async () => {
    const folder = await TempFolder.create()
    const host = new FakeHost({ isTTY: true })
    const argv = ['--listen', '127.0.0.1:0', '--db-path', folder.file('mesh.db')]
    const ended = main([...argv, '--ready-file', folder.file('sub/ready')], host)
    // The ready file cannot be written, so the start fails after the code was shown.
    expect(await ended).toBe(3)
    expect(host.out).toMatch(/meshctl login --server http:\/\/127.0.0.1:\d+ --code \w{4}-\w{4}$/m)
    expect(host.err).toMatch(/^error: config: .*ready cannot be written/)
    expect(existsSync(`${folder.file('mesh.db')}.owner-login`)).toBe(false)
    await folder[Symbol.asyncDispose]()
  })

  it('names what keeps it from starting, with exit code 3', async () => {
    await using server = await RunningServer.start()
    const { host: taken } = new URL(server.url)
    const attempt = async (...argv: string[]) => {
      const host = new FakeHost()
      const code = await main(argv, host)
      return `${code} ${host.err}`
    }
    const db = server.folder.file('other.db')
    expect(await attempt('--listen', '0.0.0.0:0', '--db-path', db)).toMatch(/^3 error: config:/)
    expect(await attempt('--listen', taken, '--db-path', db)).toMatch(
      /^3 .*another program listens/,
    )
    const same = ['--listen', '127.0.0.1:0', '--db-path', server.folder.file('mesh.db')]
    expect(await attempt(...same)).toMatch(/^3 .*another server is running/)
    const tls = [
      '--tls-cert',
      server.folder.file('no.pem'),
      '--tls-key',
      server.folder.file('ready'),
    ]
    expect(await attempt('--listen', '127.0.0.1:0', '--db-path', db, ...tls)).toMatch(
      /^3 .*no\.pem/,
    )
    const none = server.folder.file('none.db')
    expect(await attempt('owner-login', '--db-path', none)).toMatch(/^3 .*there is no database/)
    expect(existsSync(none)).toBe(false)
    expect(await attempt('--bogus')).toMatch(/^2 error: usage:/)
  })

  it('says who it is', async () => {
    const host = new FakeHost()
    expect(await main(['--version'], host)).toBe(0)
    expect(host.out).toMatch(/^agent-mesh-server \d+\.\d+\.\d+ \(protocol 1\)\n$/)
    expect(await main(['--help'], host)).toBe(0)
    expect(host.out).toContain('--public-url')
  })

  it('shows its health to all, and its figures to this machine and to people', async () => {
    await using server = await RunningServer.start()
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(server.url + path, { headers })
    expect(await (await get('/health')).json()).toEqual({ status: 'ok' })
    expect(await (await get('/status')).json()).toMatchObject({ state: 'serving', agents: 0 })
    expect(await (await get('/metrics')).text()).toContain('mesh_relay_links 0')
    const proxied = { 'x-forwarded-for': '203.0.113.9' }
    expect(await (await get('/status', proxied)).json()).not.toHaveProperty('agents')
    expect((await get('/metrics', proxied)).status).toBe(401)
    for (const path of ['/status', '/metrics']) {
      // A name that a web page has let point to this machine: DNS rebinding.
      const told = await getAs(server.url + path, 'evil.example')
      expect(told).not.toMatch(/agents|mesh_relay_links/)
    }
    const code = readFileSync(server.folder.file('owner'), 'utf8')
    const { token } = await server.client().login({ body: { code } })
    const asOwner = { ...proxied, authorization: `Bearer ${token}` }
    expect((await get('/metrics', asOwner)).status).toBe(200)
  })

  it('counts guesses at codes by the address a proxy on this machine names last', async () => {
    await using server = await RunningServer.start()
    const guess = async (forwarded: string) => {
      const headers = { 'x-forwarded-for': forwarded }
      const init = { method: 'POST', headers, body: '{"code":"2222-2222"}' }
      return (await fetch(`${server.url}/v1/login`, init)).status
    }
    for (let n = 0; n < 10; n++) expect(await guess(`10.0.0.${n}, 203.0.113.9`)).toBe(401)
    expect(await guess('203.0.113.9')).toBe(429)
    expect(await guess('203.0.113.10')).toBe(401)
    expect((await server.owner()).origin).toBe(server.url)
  })

  it('refuses heads and bodies that are too large, and upgrades to nowhere', async () => {
    await using server = await RunningServer.start()
    const big = { 'x-big': 'x'.repeat(20_000) }
    const response = await fetch(`${server.url}/health`, { headers: big })
    expect(response.status).toBe(431)
    const body = 'x'.repeat(200_000)
    const post = await fetch(`${server.url}/v1/login`, { method: 'POST', body })
    expect(post.status).toBe(413)
    expect(await post.json()).toMatchObject({ code: 'too-large' })
    const socket = new WebSocket(`${server.url}/elsewhere`)
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode))
    })
    expect(status).toBe(404)
    socket.on('error', () => {})
    socket.terminate()
  })

  it('stops in bounded time with connections of every kind open', async () => {
    const server = await RunningServer.start()
    const bob = newKey()
    await register(server, bob, 'bob')
    const follower = new FollowerClient(`${server.url}/v1/feed`, server.url)
    await follower.join([bob])
    const relay = new WebSocket(`${server.url}/relay/ws`, relaySubprotocol)
    await new Promise((resolve) => relay.once('message', resolve))
    const { hostname, port } = new URL(server.url)
    const idle = connect(Number(port), hostname)
    await new Promise((resolve) => idle.once('connect', resolve))
    idle.write('GET /health HTTP/1.1\r\n')
    idle.on('error', () => {})
    const begin = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - begin).toBeLessThan(8_000)
    expect(server.host.forced).toEqual([])
    relay.terminate()
    idle.destroy()
    await follower[Symbol.asyncDispose]()
    await server.folder[Symbol.asyncDispose]()
  })

  it('stops at once on a second signal', async () => {
    const server = await RunningServer.start()
    server.host.emit('SIGINT')
    server.host.emit('SIGINT')
    expect(server.host.forced).toEqual([130])
    expect(await server.ended).toBe(0)
    await server.folder[Symbol.asyncDispose]()
  })
})
