import { describe, expect, test } from 'vitest'
import { equal, fromUtf8, utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { Budget } from './budget.js'
import { decodePacketHeader } from './packet.js'
import type { AgentOptions } from './testing/agent.js'
import { pair as pairOf } from './testing/fixtures.js'

const hello = utf8('hello')

function pair(options: Partial<AgentOptions> = {}) {
  return pairOf({ crypto: nodeCrypto, ...options })
}

/** A handler that never answers. */
const ponder = () => {}

describe('an endpoint', () => {
  test('carries a call and its answer, the first within three packets each way', () => {
    const { network, alice, bob } = pair()
    const call = alice.call(bob.id, 'echo', utf8('hello'))
    expect(network.run(1_000, () => call.isClosed)).toBe(true)
    expect(call.messages.map((message) => fromUtf8(message))).toEqual(['hello'])
    expect(call.error).toBeUndefined()
    network.run(1_000)
    expect([...bob.served.values()].every((served) => served.isClosed && served.isFinished)).toBe(
      true,
    )
    expect(alice.endpoint.stats().streams).toBe(0)
    expect(bob.endpoint.stats().unacknowledgedBytes).toBe(0)
  })

  test('streams large bodies both ways', () => {
    const { network, alice, bob } = pair()
    const body = new Uint8Array(3_000_000).map((_, i) => i % 251)
    const call = alice.call(bob.id, 'echo', body)
    expect(network.run(60_000, () => call.isClosed)).toBe(true)
    expect(call.messages).toHaveLength(1)
    expect(equal(call.messages[0] ?? new Uint8Array(0), body)).toBe(true)
  })
  test('calls itself like anybody else', () => {
    const { network, alice } = pair()
    for (let i = 0; i < 3; i++) {
      const call = alice.call(alice.id, 'echo', hello)
      expect(network.run(2_000, () => call.isClosed)).toBe(true)
      expect(call.messages).toEqual([hello])
      network.run(2_000)
    }
    expect(alice.endpoint.stats().sessions).toBe(2)
  })

  test('hears a cancel while its handler runs', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(500)
    const served = [...bob.served.values()][0]
    network.act(alice.id, (endpoint, now) => endpoint.cancel(call.stream, now))
    expect(call.isClosed).toBe(true)
    expect(network.run(100, () => served?.isClosed === true)).toBe(true)
    expect(served?.isCanceled).toBe(true)
    network.run(5_000)
    expect(alice.endpoint.stats()).toMatchObject({ streams: 0, unacknowledgedBytes: 0 })
    expect(bob.endpoint.stats()).toMatchObject({ streams: 0, unacknowledgedBytes: 0 })
  })

  test('gives the code and detail of a reset to the caller', () => {
    const { network, alice, bob } = pair()
    bob.handler = (_, call) => {
      bob.endpoint.reset(call.stream, 'handler-failed', { exitCode: 3 }, network.now)
    }
    const call = alice.call(bob.id, 'echo', hello)
    network.run(500)
    const reset = alice.events.find((event) => event.kind === 'reset')
    expect(call.error).toBe('handler-failed')
    expect(reset?.kind === 'reset' && reset.error.details).toEqual({ exitCode: 3 })
    expect(call.isClosed).toBe(true)
  })

  test('carries 500 calls at once over one session', () => {
    const { network, alice, bob } = pair()
    const calls = Array.from({ length: 500 }, (_, i) =>
      alice.call(bob.id, 'echo', utf8(`call ${i}`)),
    )
    expect(network.run(10_000, () => calls.every((call) => call.isClosed))).toBe(true)
    expect(calls.map(({ messages }) => messages)).toEqual(calls.map((_, i) => [utf8(`call ${i}`)]))
    expect(alice.endpoint.stats().sessions).toBe(1)
    network.run(1_000)
    expect(bob.endpoint.stats().streams).toBe(0)
  })

  test('keeps calls beyond the limit of open ones until there is a place', () => {
    const { network, alice, bob } = pair({ limits: { maxStreams: 3 } })
    const calls = Array.from({ length: 20 }, (_, i) =>
      alice.call(bob.id, 'echo', utf8(`call ${i}`)),
    )
    expect(network.run(10_000, () => calls.every((call) => call.isClosed))).toBe(true)
    expect(calls.map(({ error }) => error)).toEqual(calls.map(() => undefined))
  })

  test('tells a writer to wait, and when to go on', () => {
    const { network, alice, bob } = pair()
    bob.isReading = false
    const call = alice.open(bob.id)
    const write = () => {
      return network.act(alice.id, (endpoint, now) => {
        return endpoint.write(call.stream, new Uint8Array(50_000), true, now)
      })
    }
    let written = 0
    while (write()) written++
    expect(written).toBeLessThan(10)
    network.run(2_000)
    const isTold = () => alice.events.some(({ kind }) => kind === 'writable')
    expect(isTold()).toBe(false)
    bob.isReading = true
    network.act(bob.id, () => {
      for (const served of bob.served.values()) bob.read(served)
    })
    expect(network.run(5_000, isTold)).toBe(true)
    expect(write()).toBe(true)
  })

  test('streams both ways at once, and ends each way alone', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.open(bob.id)
    network.run(500)
    const served = [...bob.served.values()][0]
    if (served === undefined) throw new Error('not served')
    network.act(bob.id, (endpoint, now) => {
      endpoint.write(served.stream, utf8('first'), true, now)
      endpoint.end(served.stream, now)
    })
    network.run(500)
    expect([call.isAnswered, call.isEnded, call.isClosed]).toEqual([true, true, false])
    network.act(alice.id, (endpoint, now) => {
      endpoint.write(call.stream, utf8('later'), true, now)
      endpoint.end(call.stream, now)
    })
    expect(network.run(500, () => call.isClosed && served.isClosed)).toBe(true)
    expect(served.messages.map((message) => fromUtf8(message))).toEqual(['later'])
    expect([call.error, served.error]).toEqual([undefined, undefined])
  })

  test('lets the caller reset, with a code for the handler', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.open(bob.id)
    network.run(500)
    network.act(alice.id, (endpoint, now) => endpoint.reset(call.stream, 'timeout', {}, now))
    network.run(500)
    expect([...bob.served.values()].map(({ error, isClosed }) => [error, isClosed])).toEqual([
      ['timeout', true],
    ])
    expect(call.isClosed).toBe(true)
    expect(call.error).toBeUndefined()
  })

  test('ignores handles that are unknown or closed', () => {
    const { network, alice, bob } = pair()
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000, () => call.isClosed)
    network.run(500)
    const before = network.sent.length
    for (const stream of [call.stream, 77, -1]) {
      network.act(alice.id, (endpoint, now) => {
        endpoint.answer(stream, {}, now)
        expect(endpoint.write(stream, hello, true, now)).toBe(true)
        endpoint.end(stream, now)
        endpoint.cancel(stream, now)
        endpoint.reset(stream, 'busy', undefined, now)
        expect(endpoint.read(stream, now)).toBeUndefined()
      })
    }
    expect(network.sent.length).toBe(before)
  })

  test('says too-large for a header that is, and busy for a budget that is spent', () => {
    const { network, alice, bob } = pair({ budget: new Budget(100_000) })
    const large = alice.open(bob.id, { meta: { much: 'x'.repeat(9_000) } })
    const fits = alice.open(bob.id)
    const busy = alice.open(bob.id)
    network.run(10)
    expect([large.error, fits.error, busy.error]).toEqual(['too-large', undefined, 'busy'])
    expect(large.isClosed).toBe(true)
  })
})

describe('streams of one session', () => {
  test('share it by turns: a small call does not wait for a large one', () => {
    const { network, alice, bob } = pair({ limits: { maxStreamWindowBytes: 65_536 } })
    bob.handler = (agent, call) => {
      if (call.isEnded && !call.isAnswered) {
        call.isAnswered = true
        agent.endpoint.end(call.stream, agent.now)
      }
    }
    const large = [1, 2].map(() => alice.call(bob.id, 'large', new Uint8Array(5_000_000)))
    network.run(200)
    const small = alice.call(bob.id, 'small', new Uint8Array(30_000))
    expect(network.run(200, () => small.isClosed)).toBe(true)
    expect(large.map(({ isClosed }) => isClosed)).toEqual([false, false])
    expect(network.run(20_000, () => large.every((call) => call.isClosed))).toBe(true)
  })

  test('pack what is said at once into one packet', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(1_000, () => first.isClosed)
    network.run(100)
    const before = network.sent.length
    network.act(alice.id, (endpoint, now) => {
      for (let i = 0; i < 50; i++) {
        const call = `${String(i).padStart(21, 'A')}A`
        const stream = endpoint.open(bob.id, { capability: 'echo', call }, now)
        endpoint.write(stream, hello, true, now)
        endpoint.end(stream, now)
      }
    })
    const packets = network.sent.slice(before).map(({ packet }) => packet)
    const spaces = packets.map((packet) => packet && decodePacketHeader(packet)?.space)
    expect(spaces.filter((space) => space === 'data')).toHaveLength(1)
    network.run(100)
    expect(bob.runs.size).toBe(51)
  })
})
