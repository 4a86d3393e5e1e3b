import { describe, expect, test } from 'vitest'
import type { AgentId } from '../identity/agent-id.js'
import { Budget } from './budget.js'
import type { Effect, StreamId } from './effects.js'
import { Endpoint } from './endpoint.js'
import { newCallId } from './testing/agent.js'
import { cheapCrypto, cheapKeypairs } from './testing/cheap-crypto.js'

const mebibyte = 1_048_576
const nextKeypair = cheapKeypairs()

function endpoint(budget: Budget): { id: AgentId; endpoint: Endpoint } {
  const keypair = nextKeypair()
  const incarnation = cheapCrypto.randomBytes(16)
  const options = { keypair, crypto: cheapCrypto, incarnation, budget, mayTalk: () => true }
  const made = new Endpoint(options)
  made.linkUp({ id: 'l', maxPacket: 65_535, cost: 1 }, 0)
  return { id: keypair.id, endpoint: made }
}

type Party = ReturnType<typeof endpoint>

/** Hands packets to and fro until both are quiet; `seen` hears of everything else. */
function pump(
  [one, two]: [Party, Party],
  now: number,
  seen: (effect: Effect, of: Party) => void = () => {},
): void {
  for (let isQuiet = false; !isQuiet; ) {
    isQuiet = true
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      for (const effect of from.endpoint.drain()) {
        isQuiet = false
        if (effect.kind !== 'transmit') seen(effect, from)
        else if (effect.to === to.id) to.endpoint.receive(from.id, effect.packet, 'l', now)
      }
    }
  }
}

describe('T: 10,000 peers', { timeout: 120_000 }, () => {
  test('that use all their credit keep within the stated budget', () => {
    const budget = new Budget(48 * mebibyte)
    const server = endpoint(budget)
    const body = new Uint8Array(200_000)
    // Those that come when the budget is spent are refused, however little they bring.
    const little = new Uint8Array(1_000)
    const opened: StreamId[] = []
    let busy = 0
    let most = 0
    for (let i = 0; i < 10_000; i++) {
      const client = endpoint(new Budget())
      const header = { capability: 'flood', call: newCallId() }
      const stream = client.endpoint.open(server.id, header, 0)
      client.endpoint.write(stream, i < 1_000 ? body : little, true, 0)
      pump([client, server], 0, (effect, of) => {
        if (of === server && effect.kind === 'opened') opened.push(effect.stream)
        if (of === client && effect.kind === 'reset' && effect.error.code === 'busy') busy++
      })
      most = Math.max(most, budget.usedBytes)
    }
    expect(server.endpoint.stats().sessions).toBe(10_000)
    expect(opened.length + busy).toBe(10_000)
    expect(opened.length).toBeGreaterThan(500)
    expect(busy).toBeGreaterThan(5_000)
    expect(most).toBeLessThanOrEqual(budget.limitBytes)
    const { bufferedBytes } = server.endpoint.stats()
    expect(bufferedBytes).toBeGreaterThan(opened.length * 60_000)
    expect(bufferedBytes).toBeLessThanOrEqual(budget.usedBytes)

    // And all who were let in are sent more than they ever acknowledge.
    for (const stream of opened) server.endpoint.write(stream, body, true, 0)
    server.endpoint.drain()
    const { unacknowledgedBytes } = server.endpoint.stats()
    expect(unacknowledgedBytes).toBeGreaterThan(4 * mebibyte)
    expect(budget.usedBytes).toBeLessThanOrEqual(budget.limitBytes)
    expect(unacknowledgedBytes + bufferedBytes).toBeLessThanOrEqual(budget.usedBytes)

    // Reading gives everything back, and so does the end of the sessions.
    for (const stream of opened) server.endpoint.reset(stream, 'busy', undefined, 0)
    server.endpoint.close(0)
    server.endpoint.drain()
    expect(budget.usedBytes).toBe(0)
  })

  test('while others hold the budget, a session still sends one packet at a time', () => {
    const budget = new Budget(mebibyte)
    const server = endpoint(budget)
    const client = endpoint(new Budget())
    const header = { capability: 'echo', call: newCallId() }
    const call = client.endpoint.open(server.id, header, 0)
    client.endpoint.end(call, 0)
    let incoming = 0
    let received = 0
    let isDone = false
    const seen = (effect: Effect, of: Party): void => {
      if (of === server && effect.kind === 'opened') incoming = effect.stream
      if (of === client && effect.kind === 'readable') {
        for (let chunk = client.endpoint.read(call, 0); chunk; ) {
          isDone ||= chunk === 'end'
          if (chunk === 'end') break
          received += chunk.bytes.length
          chunk = client.endpoint.read(call, 0)
        }
      }
    }
    pump([client, server], 0, seen)
    const others = budget.limitBytes * 0.9 - budget.usedBytes
    expect(budget.take(others, 'floor')).toBe(true)
    server.endpoint.write(incoming, new Uint8Array(300_000), true, 0)
    server.endpoint.end(incoming, 0)
    for (let now = 0; now < 60_000 && !isDone; now += 10) {
      pump([client, server], now, seen)
      client.endpoint.tick(now)
      server.endpoint.tick(now)
      expect(budget.usedBytes).toBeLessThanOrEqual(budget.limitBytes)
    }
    expect(received).toBe(300_000)
    expect(isDone).toBe(true)
  })
})
