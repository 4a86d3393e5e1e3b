import { agentIdBytes, encodeFrame, type Keypair } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { relayFrames } from '@agent-mesh/core/testing'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, TestRelay } from './harness.js'

/** The same runs every time: a failure that cannot be shown again helps nobody. */
const seed = 20_260_801

let relay: TestRelay
let alice: Client
let bob: Client
let bobKey: Keypair
beforeEach(async () => {
  relay = await TestRelay.start({ failedLogins: 100_000 })
  bobKey = relay.agent('team')
  alice = await relay.link()
  bob = await relay.link(bobKey)
})
afterEach(async () => {
  await relay[Symbol.asyncDispose]()
})

/** What a fault of a line or of a program, or somebody with a purpose, makes of a good frame. */
type Damage =
  | { kind: 'none' }
  | { kind: 'byte'; at: number; value: number }
  | { kind: 'cut'; at: number }
  | { kind: 'more'; bytes: Uint8Array }
  | { kind: 'number'; at: number; value: number }

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('byte' as const), at: place, value: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({ kind: fc.constant('more' as const), bytes: fc.uint8Array({ minLength: 1 }) }),
  fc.record({
    kind: fc.constant('number' as const),
    at: place,
    value: fc.constantFrom(0, 0xffff, 0x7fff_ffff, 0xffff_ffff),
  }),
)

function damaged(frame: Uint8Array, what: Damage): Uint8Array {
  const bytes = Buffer.from(frame)
  switch (what.kind) {
    case 'none':
      return bytes
    case 'byte':
      bytes[Math.floor(what.at * bytes.length)] = what.value
      return bytes
    case 'cut':
      return bytes.subarray(0, Math.floor(what.at * bytes.length))
    case 'more':
      return Buffer.concat([bytes, what.bytes])
    case 'number':
      if (bytes.length >= 4)
        bytes.writeUInt32BE(what.value, Math.floor(what.at * (bytes.length - 3)))
      return bytes
  }
}

const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(relayFrames, damage).map(([frame, what]) => damaged(encodeFrame(frame), what)),
)

/** Alice still reaches bob, and bob got nothing but this. */
async function expectGoodService(marker: Uint8Array): Promise<void> {
  alice.send({ kind: 'send', to: agentIdBytes(bobKey.id), packet: marker })
  const { packet } = await bob.take('packet')
  expect(Buffer.from(packet).equals(marker)).toBe(true)
  expect(bob.frames).toEqual([])
}

describe('a relay', () => {
  it('closes on whatever comes in place of a login, and serves the others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 4 }), async (frames) => {
        const stranger = relay.dial()
        await stranger.take('challenge')
        for (const frame of frames) stranger.sendRaw(frame)
        const { code } = await stranger.take('refused')
        expect(['invalid', 'login-refused']).toContain(code)
        await stranger.closed()
        await expectGoodService(nodeCrypto.randomBytes(20))
      }),
      { numRuns: 150, seed },
    )
    expect(relay.relay.status()).toMatchObject({ links: 2, halfOpen: 0 })
  }, 30_000)

  it('lets nobody in with a login that was tampered with', async () => {
    const mallory = relay.agent('team')
    await fc.assert(
      fc.asyncProperty(damage, async (what) => {
        const client = relay.dial()
        const login = await client.answer(mallory)
        const tampered = damaged(login, what)
        client.sendRaw(tampered)
        if (Buffer.from(tampered).equals(login)) {
          await client.take('welcome')
          client.socket.terminate()
          await client.closed()
        } else {
          await client.take('refused')
          await client.closed()
        }
      }),
      { numRuns: 150, seed },
    )
    await expectGoodService(nodeCrypto.randomBytes(20))
  }, 30_000)

  it('ends a live link on garbage, or answers it, and serves the others', async () => {
    const mallory = relay.agent('others')
    const packet = new Uint8Array(16)
    const toBob = encodeFrame({ kind: 'send', to: agentIdBytes(bobKey.id), packet })
    const frame = fc.oneof(
      { weight: 3, arbitrary: hostile },
      { weight: 1, arbitrary: fc.constant(toBob) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 30 }), async (frames) => {
        const client = await relay.link(mallory)
        for (const one of frames) client.sendRaw(one)
        // Either it is still served, or it was told why not.
        client.send({ kind: 'ping', token: 1n })
        await client.until(
          () =>
            !client.isOpen ||
            client.frames.some(({ kind }) => kind === 'pong' || kind === 'refused'),
        )
        client.socket.terminate()
        await client.closed()
        await expectGoodService(nodeCrypto.randomBytes(20))
      }),
      { numRuns: 150, seed },
    )
    expect(relay.relay.status()).toMatchObject({ links: 2, queuedBytes: 0 })
  }, 30_000)

  it('closes on bytes that are no WebSocket frames, and serves the others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 14, maxLength: 400 }), async (bytes) => {
        const stranger = relay.dial()
        await stranger.take('challenge')
        // Straight into the stream, unmasked: below the WebSocket.
        stranger.rawStream.write(bytes)
        await stranger.closed()
        await expectGoodService(nodeCrypto.randomBytes(20))
      }),
      { numRuns: 100, seed },
    )
    expect(relay.relay.status()).toMatchObject({ links: 2, halfOpen: 0 })
  }, 30_000)
})
