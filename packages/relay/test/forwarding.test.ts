import { agentIdBytes, encodeFrame, type Keypair } from '@agent-mesh/core'
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

function send(from: Client, to: Keypair, ...packet: number[]): void {
  from.send({ kind: 'send', to: agentIdBytes(to.id), packet: Uint8Array.from(packet) })
}

describe('forwarding', () => {
  it('passes the same bytes on, with type and prefix rewritten', async () => {
    const [alice, bob] = [relay.agent('team'), relay.agent('team')]
    const [sender, receiver] = [await relay.link(alice), await relay.link(bob)]
    const packet = nodeCrypto.randomBytes(65_535)
    sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet })
    await receiver.until(() => receiver.raw.length > 0)
    const from = agentIdBytes(alice.id)
    expect(receiver.raw[0]?.equals(encodeFrame({ kind: 'packet', from, packet }))).toBe(true)
  })

  it('keeps order, whatever the sizes', async () => {
    const [alice, bob] = [relay.agent('team'), relay.agent('team')]
    const [sender, receiver] = [await relay.link(alice), await relay.link(bob)]
    const packets = Array.from({ length: 300 }, (_, i) => nodeCrypto.randomBytes((i * 311) % 5_000))
    for (const packet of packets) sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet })
    for (const packet of packets) {
      const received = await receiver.take('packet')
      expect(Buffer.compare(received.packet, packet)).toBe(0)
    }
    expect(relay.relay.metrics().forwardedPackets).toBe(300)
    expect(relay.relay.status().queuedBytes).toBe(0)
  })

  it('carries what an agent sends to itself', async () => {
    const alice = relay.agent('team')
    const client = await relay.link(alice)
    send(client, alice, 7)
    expect((await client.take('packet')).packet[0]).toBe(7)
  })

  it('answers unknown, foreign and revoked receivers with the same bytes', async () => {
    const sender = await relay.link()
    const foreign = relay.agent('others')
    await relay.link(foreign)
    const revoked = relay.agent('team')
    await relay.link(revoked)
    relay.gate.revoke(revoked.id)
    const foreignOffline = relay.agent('others')
    const unknown = relay.agent()
    const answers = new Set<string>()
    for (const to of [unknown, foreign, foreignOffline, revoked]) {
      const before = relay.relay.metrics().undeliverable.unreachable
      send(sender, to, 1)
      await sender.until(() => sender.frames.some(({ kind }) => kind === 'undeliverable'))
      const raw = sender.raw[0] as Buffer
      const notice = await sender.take('undeliverable')
      expect(Buffer.compare(notice.to, agentIdBytes(to.id))).toBe(0)
      // Without the receiver that the sender named, and the number it counts itself.
      answers.add(
        Buffer.concat([raw.subarray(0, 1), raw.subarray(33, 34), raw.subarray(42)]).toString('hex'),
      )
      expect(notice.first).toBe(before)
    }
    expect([...answers]).toEqual(['07010000000100000000'])
  })

  it('answers bytes that are no key like any unknown receiver', async () => {
    const sender = await relay.link()
    sender.send({ kind: 'send', to: new Uint8Array(32).fill(0xff), packet: Uint8Array.of(1) })
    expect(await sender.take('undeliverable')).toMatchObject({
      reason: 'unreachable',
      first: 0,
      count: 1,
      retryAfterMs: 0,
    })
  })

  it('says offline inside a group alone', async () => {
    const sender = await relay.link()
    send(sender, relay.agent('team'), 1)
    expect(await sender.take('undeliverable')).toMatchObject({ reason: 'offline', count: 1 })
    send(sender, relay.agent('others'), 1)
    expect(await sender.take('undeliverable')).toMatchObject({ reason: 'unreachable', first: 1 })
  })

  it('gathers the notices of a turn and numbers them by send frames alone', async () => {
    const bob = relay.agent('team')
    const sender = await relay.link()
    const receiver = await relay.link(bob)
    const absent = relay.agent('team')
    send(sender, bob, 0)
    await sender.roundTrip()
    // One write, so that the relay reads all of it in one turn.
    sender.socket.pause()
    for (let i = 0; i < 5; i++) send(sender, absent, i)
    send(sender, bob, 1)
    send(sender, absent, 9)
    sender.socket.resume()
    let told = 0
    while (told < 6) {
      const notice = await sender.take('undeliverable')
      expect(notice.reason).toBe('offline')
      expect(notice.first).toBe(told < 5 ? 1 + told : 7)
      told += notice.count
    }
    expect(told).toBe(6)
    await receiver.take('packet')
    await receiver.take('packet')
  })

  it('refuses a packet that is too large and keeps the link', async () => {
    const bob = relay.agent('team')
    const sender = await relay.link()
    await relay.link(bob)
    const packet = new Uint8Array(65_536)
    sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet })
    expect(await sender.take('undeliverable')).toMatchObject({ reason: 'too-large', first: 0 })
    await sender.roundTrip()
  })

  it('stops at once between agents that no longer share a group', async () => {
    const bob = relay.agent('team')
    const sender = await relay.link()
    const receiver = await relay.link(bob)
    send(sender, bob, 1)
    await receiver.take('packet')
    relay.gate.place(bob.id, 'others')
    send(sender, bob, 2)
    expect((await sender.take('undeliverable')).reason).toBe('unreachable')
    relay.gate.place(bob.id, 'team', 'others')
    send(sender, bob, 3)
    expect((await receiver.take('packet')).packet[0]).toBe(3)
  })
})
