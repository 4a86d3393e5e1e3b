import { agentIdBytes, encodeFrame, frameType, type Keypair } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, TestRelay } from './harness.js'

let relay: TestRelay
beforeEach(async () => {
  relay = await TestRelay.start()
})
afterEach(async () => {
  await relay[Symbol.asyncDispose]()
})

const instance = () => nodeCrypto.randomBytes(16)

function send(from: Client, to: Keypair, ...packet: number[]): void {
  from.send({ kind: 'send', to: agentIdBytes(to.id), packet: Uint8Array.from(packet) })
}

describe('one agent, several connections', () => {
  it('replaces another instance and tells it so', async () => {
    const alice = relay.agent('team')
    const older = await relay.link(alice, { instance: instance() })
    const newer = await relay.link(alice, { instance: instance() })
    await older.take('replaced')
    expect(await older.closed()).toEqual({ code: 1008, reason: 'replaced' })
    const sender = await relay.link()
    send(sender, alice, 1)
    await newer.take('packet')
  })

  it('replaces the same instance without a word', async () => {
    const alice = relay.agent('team')
    const same = instance()
    const older = await relay.link(alice, { instance: same })
    await relay.link(alice, { instance: same })
    expect(await older.closed()).toEqual({ code: 1000, reason: '' })
    expect(older.frames).toEqual([])
  })

  it('keeps the newest when the end of an older one comes late', async () => {
    const alice = relay.agent('team')
    const older = await relay.link(alice)
    // An old connection that answers no goodbye: it ends only after its successor has settled.
    older.socket.pause()
    const newer = await relay.link(alice)
    older.socket.terminate()
    const sender = await relay.link()
    send(sender, alice, 1)
    await newer.take('packet')
    expect(relay.relay.isOnline(alice.id)).toBe(true)
    newer.socket.close()
    await newer.closed()
    send(sender, alice, 2)
    expect((await sender.take('undeliverable')).reason).toBe('offline')
  })
})

describe('what ends a link', () => {
  async function isolated(garbage: Uint8Array): Promise<{ code: number; refusal: string }> {
    const [culprit, witness] = [await relay.link(), await relay.link()]
    culprit.sendRaw(garbage)
    const { code } = await culprit.take('refused')
    const close = await culprit.closed()
    await witness.roundTrip()
    return { code: close.code, refusal: code }
  }

  it.each([
    ['an unknown type', Uint8Array.of(99, 1, 2)],
    ['an empty message', new Uint8Array(0)],
    ['a send without a receiver', Uint8Array.of(frameType.send, 1, 2)],
    ['a frame of the relay', encodeFrame({ kind: 'replaced' })],
    ['bytes left over', Uint8Array.from([...encodeFrame({ kind: 'ping', token: 1n }), 0])],
  ])('closes the connection of whoever sends %s, and no other', async (_name, garbage) => {
    expect(await isolated(garbage)).toEqual({ code: 1008, refusal: 'invalid' })
  })

  it('closes on text', async () => {
    const client = await relay.link()
    client.socket.send('hello')
    expect((await client.take('refused')).code).toBe('invalid')
    await client.closed()
  })

  it('closes on a second login', async () => {
    const client = relay.dial()
    const login = await client.answer(relay.agent('team'))
    client.sendRaw(login)
    client.sendRaw(login)
    expect((await client.take('refused')).code).toBe('invalid')
  })

  it('closes on an oversized frame, and only there', async () => {
    const [culprit, witness] = [await relay.link(), await relay.link()]
    culprit.sendRaw(new Uint8Array(200_000).fill(5))
    expect((await culprit.closed()).code).toBe(1009)
    await witness.roundTrip()
  })

  it('is a revocation, at once', async () => {
    const bob = relay.agent('team')
    const client = await relay.link(bob)
    relay.gate.revoke(bob.id)
    expect((await client.take('refused')).code).toBe('revoked')
    await client.closed()
    expect(relay.relay.isOnline(bob.id)).toBe(false)
  })

  it('is the end of its admission', async () => {
    relay.gate.admissionMs = 100
    const client = await relay.link()
    expect((await client.take('refused')).code).toBe('login-refused')
    expect((await client.closed()).reason).toBe('login-refused')
    expect(relay.events.at(-1)?.fields).toMatchObject({ end: 'expired' })
  })

  it('is put off by a renewed admission', async () => {
    relay.gate.admissionMs = 100
    const [renewing, forgetful] = [await relay.link(), await relay.link()]
    relay.gate.admissionMs = 60_000
    const admission = Uint8Array.from([0, 0, ...new Uint8Array(64)])
    renewing.send({ kind: 'renew', admission })
    await forgetful.closed()
    await renewing.roundTrip()
  })

  it('is a renewal that the gate refuses', async () => {
    const alice = relay.agent('team')
    const client = await relay.link(alice)
    relay.gate.place(alice.id)
    client.send({ kind: 'renew', admission: Uint8Array.from([0, 0, ...new Uint8Array(64)]) })
    expect((await client.take('refused')).code).toBe('login-refused')
  })
})

describe('heartbeat', () => {
  it('answers a ping with its token, and WebSocket pings below', async () => {
    const client = await relay.link()
    client.send({ kind: 'ping', token: 42n })
    expect((await client.take('pong')).token).toBe(42n)
    const pong = new Promise<string>((resolve) => {
      client.socket.once('pong', (data) => resolve(data.toString()))
    })
    client.socket.ping('hi')
    expect(await pong).toBe('hi')
  })

  it('asks who is silent and cuts who stays so', async () => {
    await using brisk = await TestRelay.start({ heartbeatMs: 100 })
    const silent = await brisk.link()
    expect((await silent.take('ping')).kind).toBe('ping')
    expect((await silent.closed()).code).toBe(1006)
    expect(brisk.events.at(-1)?.fields).toMatchObject({ end: 'dead' })
  })

  it('keeps who answers, on either level', async () => {
    await using brisk = await TestRelay.start({ heartbeatMs: 100 })
    const [ours, webSocket] = [await brisk.link(), await brisk.link()]
    const silent = await brisk.link()
    let answered = 0
    const answer = async () => {
      for (;;) {
        const { token } = await ours.take('ping')
        ours.send({ kind: 'pong', token })
        answered += 1
      }
    }
    const answering = answer().catch(() => {})
    const pinging = setInterval(() => webSocket.socket.ping(), 30)
    await silent.closed()
    await ours.until(() => answered >= 3)
    clearInterval(pinging)
    expect([ours.isOpen, webSocket.isOpen]).toEqual([true, true])
    ours.socket.terminate()
    await answering
  })
})

describe('the end of a relay', () => {
  it('drains: tells everybody, refuses newcomers, ends with the last', async () => {
    const client = await relay.link()
    const stranger = relay.dial()
    await stranger.take('challenge')
    const drained = relay.relay.drain(60_000)
    expect(await client.take('draining')).toMatchObject({
      ms: 60_000,
      relays: ['ws://elsewhere.test'],
    })
    expect((await stranger.take('refused')).code).toBe('busy')
    const late = relay.dial()
    await late.until(() => late.httpRefusal !== undefined)
    expect(late.httpRefusal?.message).toMatch(/503/)
    await client.roundTrip()
    client.socket.close()
    await drained
    expect(relay.relay.status()).toMatchObject({ state: 'draining', links: 0 })
  })

  it('closes who has not moved on when the time is up', async () => {
    const client = await relay.link()
    await Promise.all([relay.relay.drain(50), client.closed()])
    expect((await client.closed()).code).toBe(1001)
  })

  it('ends in bounded time against a client that answers nothing, and lets go of everything', async () => {
    const stubborn = await TestRelay.start({ closeMs: 50 })
    const client = await stubborn.link()
    client.socket.pause()
    await stubborn[Symbol.asyncDispose]()
    await stubborn[Symbol.asyncDispose]()
    expect(stubborn.relay.status()).toMatchObject({ state: 'stopped', links: 0, queuedBytes: 0 })
    expect(stubborn.gate.listeners).toBe(0)
    client.socket.terminate()
  })

  it('leaves no handle behind', async () => {
    const count = () => process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length
    const before = count()
    const brief = await TestRelay.start()
    const clients = [await brief.link(), await brief.link(), brief.dial()]
    await clients[2]?.take('challenge')
    await brief[Symbol.asyncDispose]()
    await Promise.all(clients.map((client) => client.closed()))
    expect(count()).toBeLessThanOrEqual(before)
  })
})
