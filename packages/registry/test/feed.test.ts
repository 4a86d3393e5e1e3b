import { once } from 'node:events'
import { createConnection } from 'node:net'
import { readCard, signedFromText } from '@agent-mesh/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../src/limits.js'
import {
  createTestRegistry,
  type FeedServer,
  FollowerClient,
  failure,
  serveFeed,
  type TestRegistry,
} from '../src/testing/index.js'

const origin = 'http://127.0.0.1:8080'
const policyViolation = 1008
const goingAway = 1001
const cut = 1006

let mesh: TestRegistry
let server: FeedServer
const clients: FollowerClient[] = []
const connect = () => {
  const client = new FollowerClient(server.url, origin)
  clients.push(client)
  return client
}
const idOf = (document: { document: string; signature: string }) =>
  readCard(signedFromText(document, 70_000)).id

beforeEach(async () => {
  mesh = createTestRegistry({ spreadMs: 500 })
  server = await serveFeed(mesh.registry)
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()))
  await mesh[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const allow = async (from = '*', to = '*', capability = 'echo') =>
  (await mesh.owner()).client.addRule({ body: { effect: 'allow', from, to, capability } })

describe('the feed', () => {
  it('begins with everything an agent may see', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const bob = await mesh.agent({ name: 'bob' })
    const { rule } = await allow('alice', 'bob')
    const snapshot = await connect().join([alice])
    expect(snapshot.agents.map(idOf).sort()).toEqual([alice.id, bob.id].sort())
    expect(snapshot.agents.map(({ group }) => group)).toEqual(['default', 'default'])
    const { id, effect, from, to, capability } = rule
    expect(snapshot.rules).toEqual([{ id, effect, from, to, capability }])
    expect(snapshot.groups).toEqual([{ name: 'default' }])
    expect(snapshot.revoked).toEqual([])
  })

  it('tells new agents, new cards, rules and their removal, in order of their numbers', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const follower = connect()
    let { sequence } = await follower.join([alice])
    const next = async () => {
      const change = await follower.next('change')
      expect(change.sequence).toBe(sequence + 1)
      sequence = change.sequence
      follower.acknowledge(sequence)
      return change
    }
    const bob = await mesh.agent({ name: 'bob' })
    expect((await next()).upsert.agents?.map(idOf)).toEqual([bob.id])
    await mesh.agent({ name: 'bob', sequence: 2 }, bob)
    expect((await next()).upsert.agents?.map(idOf)).toEqual([bob.id])
    const adding = allow('alice', 'bob')
    expect((await next()).upsert.rules).toMatchObject([{ from: alice.id, to: bob.id }])
    const { rule } = await adding
    const removing = (await mesh.owner()).client.removeRule({ params: { id: rule.id } })
    expect((await next()).remove.rules).toEqual([rule.id])
    expect((await removing).feed).toEqual({ acknowledged: 1, pending: 0 })
  })

  it('answers a change of rules only when its followers have it', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const follower = connect()
    await follower.join([alice])
    let answered = false
    const adding = allow().then((answer) => {
      answered = true
      return answer
    })
    const { sequence } = await follower.next('change')
    // A round trip over the same connection: the answer had every chance to come first.
    follower.send({ type: 'ping', id: 2 })
    await follower.next('pong')
    expect(answered).toBe(false)
    follower.acknowledge(sequence)
    expect((await adding).feed).toEqual({ acknowledged: 1, pending: 0 })
  })

  it('does not wait for one that leaves, and counts one that stays silent as pending', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const leaving = connect()
    await leaving.join([alice])
    const first = allow('*', '*', 'first')
    await leaving.next('change')
    await leaving[Symbol.asyncDispose]()
    expect((await first).feed).toEqual({ acknowledged: 0, pending: 0 })
    const [silent, good] = [connect(), connect()]
    await silent.join([alice], { instance: 'silent' })
    await good.join([alice], { instance: 'good' })
    const second = allow('*', '*', 'second')
    good.acknowledge((await good.next('change')).sequence)
    expect((await second).feed).toEqual({ acknowledged: 1, pending: 1 })
  })

  it('waits again for a rule that exists, while followers still lack it', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const follower = connect()
    await follower.join([alice])
    const both = Promise.all([allow(), allow()])
    follower.acknowledge((await follower.next('change')).sequence)
    const [first, second] = await both
    expect(first).toEqual(second)
    expect((await allow()).feed).toEqual({ acknowledged: 1, pending: 0 })
  })

  it('takes more agents on a connection and gives a fresh snapshot', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const follower = connect()
    await follower.join([alice])
    const bob = await mesh.agent({ name: 'bob' })
    follower.acknowledge((await follower.next('change')).sequence)
    const snapshot = await follower.join([bob])
    expect(snapshot.agents).toHaveLength(2)
  })

  it('lets in those who prove themselves and says of the others why not', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const stranger = mesh.newKey()
    const follower = connect()
    await follower.hello([stranger, alice])
    expect(await follower.next('refused')).toMatchObject({ id: stranger.id, code: 'not-found' })
    await follower.next('snapshot')
    const alone = connect()
    await alone.hello([stranger])
    await alone.next('refused')
    expect(await alone.closed).toBe(policyViolation)
  })

  it('refuses signatures for another origin, another connection or by another key', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const elsewhere = new FollowerClient(server.url, 'http://evil.example')
    clients.push(elsewhere)
    await elsewhere.hello([alice])
    expect(await elsewhere.next('refused')).toMatchObject({ code: 'login-refused' })
    const forged = connect()
    await forged.hello([{ ...mesh.newKey(), id: alice.id }])
    expect(await forged.next('refused')).toMatchObject({ code: 'login-refused' })
    expect(await forged.closed).toBe(policyViolation)
  })

  it('checks no more than a few signatures of a stranger', async () => {
    const follower = connect()
    await follower.hello(Array.from({ length: limits.refusalsPerFollower + 5 }, mesh.newKey))
    for (let n = 0; n < limits.refusalsPerFollower; n++) await follower.next('refused')
    expect(await follower.closed).toBe(policyViolation)
  })

  it('reads no more ids of a stranger than it checks signatures', async () => {
    const follower = connect()
    await follower.next('challenge')
    const proof = (id: string) => ({ id, signature: 'A'.repeat(86) })
    const strangers = Array.from({ length: limits.refusalsPerFollower }, () => mesh.newKey().id)
    // Whether an id is a point of the curve takes as long to tell as a signature.
    const rest = Array.from({ length: 900 }, () => `${'_'.repeat(42)}8`)
    follower.send({ type: 'hello', agents: [...strangers, ...rest].map(proof) })
    for (const id of strangers) expect(await follower.next('refused')).toMatchObject({ id })
    expect(await follower.closed).toBe(policyViolation)
  })

  it('hears little of a stranger, and a bounded amount of a follower', async () => {
    const stranger = connect()
    await stranger.next('challenge')
    for (let id = 0; id <= limits.messagesBeforeHello; id++) stranger.send({ type: 'ping', id })
    expect(await stranger.closed).toBe(policyViolation)
    const follower = connect()
    await follower.join([await mesh.agent()])
    for (let id = 0; id <= limits.messagesPerHeartbeat; id++) follower.send({ type: 'pong', id })
    expect(await follower.closed).toBe(policyViolation)
  })

  it('cuts one that sends a message in crumbs', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = createConnection({ host: hostname, port: Number(port), noDelay: true })
    const upgrade = ['GET /v1/feed HTTP/1.1', 'Host: x', 'Connection: Upgrade']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    const rest = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', key, '', '']
    socket.write([...upgrade, ...rest].join('\r\n'))
    socket.resume()
    socket.on('error', () => {})
    let isClosed = false
    socket.on('close', () => {
      isClosed = true
    })
    // Fragments of one byte each, masked with zeros: a text that never ends.
    const fragment = Buffer.from([0, 0x81, 0, 0, 0, 0, 0x20])
    socket.write(Buffer.from([1, 0x81, 0, 0, 0, 0, 0x20]))
    for (let n = 0; n < 100 && !isClosed; n++) {
      await new Promise<void>((resolve) => socket.write(fragment, () => resolve()))
    }
    if (!isClosed) await once(socket, 'close')
  }, 3_000)

  it('tells a revocation to the group, and cuts the revoked agent off', async () => {
    const [alice, bob] = [await mesh.agent({ name: 'alice' }), await mesh.agent({ name: 'bob' })]
    const [forAlice, forBob] = [connect(), connect()]
    await forAlice.join([alice])
    await forBob.join([bob])
    mesh.registry.revoke(bob.id)
    expect((await forAlice.next('change')).revoked).toEqual([bob.id])
    await forBob.next('change')
    expect(await forBob.next('refused')).toMatchObject({ id: bob.id, code: 'revoked' })
    expect(await forBob.closed).toBe(policyViolation)
    const again = connect()
    await again.hello([bob])
    expect(await again.next('refused')).toMatchObject({ code: 'revoked' })
    const snapshot = await connect().join([alice])
    expect(snapshot.revoked).toEqual([bob.id])
  })

  it('cuts a follower that reads and never acknowledges, and keeps the others', async () => {
    const alice = await mesh.agent({ name: 'alice' })
    const [slow, good] = [connect(), connect()]
    await slow.join([alice])
    await good.join([alice])
    const description = 'x'.repeat(1_000)
    const schema = { note: 'y'.repeat(50_000) }
    const bob = mesh.newKey()
    const rounds = Math.ceil(limits.unacknowledgedBytes / 50_000)
    for (let sequence = 1; sequence <= rounds; sequence++) {
      const capabilities = [{ name: 'echo', input: schema }]
      await mesh.agent({ name: 'bob', description, capabilities, sequence }, bob)
      good.acknowledge((await good.next('change')).sequence)
    }
    expect(await slow.closed).toBe(cut)
    const adding = allow()
    good.acknowledge((await good.next('change')).sequence)
    expect((await adding).feed).toEqual({ acknowledged: 1, pending: 0 })
  })

  it('says goodbye when the registry stops', async () => {
    const follower = connect()
    await follower.join([await mesh.agent()])
    await mesh.registry[Symbol.asyncDispose]()
    expect(await follower.closed).toBe(goingAway)
  })

  it('stops in bounded time, whether followers say goodbye or not', async () => {
    const follower = connect()
    await follower.join([await mesh.agent()])
    follower.socket.pause()
    await mesh.registry[Symbol.asyncDispose]()
    follower.socket.resume()
  })

  it('closes on garbage of any kind, and nothing else happens', async () => {
    const garbage = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array({ minLength: 1 }),
      fc.constantFrom(
        '{"type":"ack","sequence":99}',
        '{"type":"ack","sequence":-1}',
        '{"type":"hello","agents":[]}',
        '{"type":"snapshot"}',
        '{"type":"__proto__"}',
      ),
    )
    await fc.assert(
      fc.asyncProperty(garbage, async (message) => {
        await using follower = new FollowerClient(server.url, origin)
        await follower.next('challenge')
        follower.send(message)
        expect(await follower.closed).toBe(policyViolation)
      }),
      { numRuns: 40 },
    )
    await connect().join([await mesh.agent()])
  })

  it('refuses a change of rules by nobody', async () => {
    const body = { effect: 'allow', from: '*', to: '*', capability: '*' } as const
    const error = await failure(mesh.client().addRule({ body }))
    expect(error).toMatchObject({ code: 'not-logged-in' })
  })
})
