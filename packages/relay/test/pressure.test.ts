import { agentIdBytes, type Keypair } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { type Client, TestRelay } from './harness.js'

const packet = new Uint8Array(16_384)

function send(from: Client, to: Keypair): void {
  from.send({ kind: 'send', to: agentIdBytes(to.id), packet })
}

/** Sends until the relay says that the receiver takes no more. */
async function flood(from: Client, to: Keypair): Promise<void> {
  while (!from.frames.some(({ kind }) => kind === 'undeliverable')) {
    for (let i = 0; i < 64; i++) send(from, to)
    await from.roundTrip()
  }
  expect((await from.take('undeliverable')).reason).toBe('congested')
}

describe('a slow reader', () => {
  it('costs only itself: its senders hear of it, everybody else goes on', async () => {
    await using relay = await TestRelay.start()
    const [slow, quick] = [relay.agent('team'), relay.agent('team')]
    const sender = await relay.link()
    const slowClient = await relay.link(slow)
    const quickClient = await relay.link(quick)
    slowClient.socket.pause()
    await flood(sender, slow)
    expect(relay.relay.status().queuedBytes).toBeLessThanOrEqual(relay.relay.limits.queueBytes)
    send(sender, quick)
    await quickClient.take('packet')
    slowClient.socket.resume()
    await slowClient.take('packet')
    expect(slowClient.isOpen).toBe(true)
  })

  it('still has room for the packets of a sender that asked for little', async () => {
    await using relay = await TestRelay.start()
    const slow = relay.agent('team')
    const [greedy, modest] = [await relay.link(), await relay.link()]
    const slowClient = await relay.link(slow)
    slowClient.socket.pause()
    await flood(greedy, slow)
    send(modest, slow)
    await modest.roundTrip()
    expect(modest.frames).toEqual([])
    slowClient.socket.terminate()
  })

  it('leaves room in the process for everybody but who fills it', async () => {
    await using relay = await TestRelay.start({ budgetBytes: 4 * 1024 * 1024 })
    const victims = [relay.agent('team'), relay.agent('team'), relay.agent('team')]
    const paused = await Promise.all(victims.map((victim) => relay.link(victim)))
    for (const client of paused) client.socket.pause()
    const [greedy, modest] = [await relay.link(), await relay.link()]
    for (const victim of victims) await flood(greedy, victim)
    for (const victim of victims) send(modest, victim)
    await modest.roundTrip()
    expect(modest.frames).toEqual([])
    expect(relay.relay.status().queuedBytes).toBeLessThan(4 * 1024 * 1024)
    for (const client of paused) client.socket.terminate()
    // What waited for them is given back when their sockets have closed.
    while (relay.relay.status().queuedBytes > 0) await modest.roundTrip()
  })

  it('that takes nothing for long is cut off', async () => {
    await using relay = await TestRelay.start({ stallMs: 100 })
    const slow = relay.agent('team')
    const sender = await relay.link()
    const slowClient = await relay.link(slow)
    slowClient.socket.pause()
    while (relay.relay.isOnline(slow.id)) {
      for (let i = 0; i < 64; i++) send(sender, slow)
      await sender.roundTrip()
    }
    expect(relay.relay.metrics().linkEnds.stalled).toBe(1)
    slowClient.socket.terminate()
  })

  it('of its own notices is closed rather than left uninformed', async () => {
    await using relay = await TestRelay.start({ queueBytes: 4_096, controlBytes: 4_096 })
    const deaf = await relay.link()
    deaf.socket.pause()
    const to = relay.agent()
    const sending = setInterval(() => {
      for (let i = 0; i < 2_000; i++) {
        // Alternating receivers, so that every packet is a notice of its own.
        const bytes = agentIdBytes(to.id)
        bytes[0] = i & 255
        deaf.send({ kind: 'send', to: bytes, packet: new Uint8Array(0) })
      }
    }, 5)
    const witness = await relay.link()
    while (relay.relay.metrics().linkEnds['notice-lost'] === 0) await witness.roundTrip()
    clearInterval(sending)
    deaf.socket.terminate()
  })
})

describe('the rate of an agent', () => {
  it('is kept by a pause that is announced once and drops nothing', async () => {
    await using relay = await TestRelay.start({ framesPerSecond: 1_000, burstFrames: 50 })
    const bob = relay.agent('team')
    const sender = await relay.link()
    const receiver = await relay.link(bob)
    const started = performance.now()
    for (let i = 0; i < 250; i++) {
      sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet: Uint8Array.of(i) })
    }
    const { ms } = await sender.take('throttled')
    expect(ms).toBeGreaterThan(0)
    for (let i = 0; i < 250; i++) expect((await receiver.take('packet')).packet[0]).toBe(i & 255)
    await sender.roundTrip()
    expect(performance.now() - started).toBeGreaterThan(150)
    expect(sender.frames.filter(({ kind }) => kind === 'undeliverable')).toEqual([])
    const pauses = relay.relay.metrics().throttled
    expect(1 + sender.frames.filter(({ kind }) => kind === 'throttled').length).toBe(pauses)
  })

  it('outlives the connection', async () => {
    await using relay = await TestRelay.start({ framesPerSecond: 100, burstFrames: 50 })
    const alice = relay.agent('team')
    const first = await relay.link(alice)
    for (let i = 0; i < 80; i++) first.send({ kind: 'pong', token: 0n })
    await first.take('throttled')
    first.socket.terminate()
    const second = await relay.link(alice)
    second.send({ kind: 'pong', token: 0n })
    await second.take('throttled')
  })

  it('slows nobody else', async () => {
    await using relay = await TestRelay.start({ framesPerSecond: 100, burstFrames: 50 })
    const [loud, quiet] = [await relay.link(), await relay.link()]
    for (let i = 0; i < 90; i++) loud.send({ kind: 'pong', token: 0n })
    await loud.take('throttled')
    await quiet.roundTrip()
    expect(quiet.frames).toEqual([])
  })
})
