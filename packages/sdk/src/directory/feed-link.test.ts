import {
  agentRequestBytes,
  createKeypair,
  fromBase64url,
  nobleCrypto,
  SecretKey,
  toBase64url,
  verify,
} from '@agent-mesh/core'
import { describe, expect, test } from 'vitest'
import { limits } from '../limits.js'
import { type FeedEffect, FeedLink } from './feed-link.js'

const keypair = createKeypair(SecretKey.fromSeed(new Uint8Array(32).fill(7)), nobleCrypto)
const origin = 'http://127.0.0.1:8080'
const nonce = toBase64url(new Uint8Array(32).fill(3))
const snapshot = {
  type: 'snapshot',
  sequence: 4,
  agents: [],
  rules: [],
  groups: [],
  revoked: [],
}

class Bench {
  now = 0
  connection = 0
  readonly link = new FeedLink({ keypair, origin, instance: 'process-1', random: () => 0 })

  take(): FeedEffect[] {
    const effects = this.link.drain()
    for (const effect of effects) if (effect.kind === 'dial') this.connection = effect.connection
    return effects
  }

  kinds(): string[] {
    return this.take().map(({ kind }) => kind)
  }

  written(effects = this.take()): unknown[] {
    return effects.flatMap((effect) =>
      effect.kind === 'write' ? [JSON.parse(effect.text) as unknown] : [],
    )
  }

  say(message: object): void {
    this.link.received(this.connection, JSON.stringify(message), this.now)
  }

  static current(): Bench {
    const bench = new Bench()
    bench.link.start(0)
    bench.take()
    bench.say({ type: 'challenge', nonce })
    bench.say(snapshot)
    bench.take()
    return bench
  }
}

test('the hello proves the key to this registry, with this nonce', () => {
  const bench = new Bench()
  bench.link.start(0)
  expect(bench.kinds()).toEqual(['dial', 'status'])
  bench.say({ type: 'challenge', nonce })
  const [hello] = bench.written() as [{ agents: [{ id: string; signature: string }] }]
  expect(hello).toMatchObject({ type: 'hello', instance: 'process-1' })
  const bytes = agentRequestBytes({ origin, nonce: fromBase64url(nonce, 'nonce'), purpose: 'feed' })
  const signature = fromBase64url(hello.agents[0].signature, 'signature')
  expect(verify(nobleCrypto, keypair.id, 'agent-request', bytes, signature)).toBe(true)
})

test('every word is acknowledged, and only behind its being put in force', () => {
  const bench = new Bench()
  bench.link.start(0)
  bench.take()
  bench.say(snapshot)
  bench.say({ type: 'change', sequence: 5, upsert: {}, remove: {} })
  const effects = bench.take()
  expect(effects.map(({ kind }) => kind)).toEqual(['apply', 'write', 'status', 'apply', 'write'])
  expect(bench.written(effects)).toEqual([
    { type: 'ack', sequence: 4 },
    { type: 'ack', sequence: 5 },
  ])
  expect(bench.link.status).toEqual({ state: 'current', problem: undefined })
})

test.each(['revoked', 'login-refused', 'not-found'])('refused as %s it stops for good', (code) => {
  const bench = new Bench()
  bench.link.start(0)
  bench.take()
  bench.say({ type: 'refused', id: keypair.id, code, message: 'no' })
  expect(bench.kinds()).toEqual(['hang-up', 'status'])
  expect(bench.link.status).toEqual({ state: 'stopped', problem: { code, message: 'no' } })
  expect(bench.link.deadline()).toBeUndefined()
})

test('refused for a reason that passes it tries again', () => {
  const bench = new Bench()
  bench.link.start(0)
  bench.take()
  bench.say({ type: 'refused', id: keypair.id, code: 'busy', message: 'later' })
  expect(bench.link.status.state).toBe('waiting')
})

describe('a lost feed', () => {
  test('is dialled again after a short wait, and what the old one still says is not heard', () => {
    const bench = Bench.current()
    const old = bench.connection
    bench.link.closed(old, '', 0)
    expect(bench.kinds()).toEqual(['lost', 'status'])
    expect(bench.link.deadline()).toBe(limits.retryFirstMs / 2)
    bench.link.tick(limits.retryFirstMs)
    expect(bench.kinds()).toEqual(['dial', 'status'])
    bench.link.received(old, JSON.stringify(snapshot), 300)
    expect(bench.kinds()).toEqual([])
  })

  test('is noticed by its silence: one question, then it is given up', () => {
    const bench = Bench.current()
    bench.link.tick(limits.feedPingMs)
    expect(bench.written()).toEqual([{ type: 'ping', id: 1 }])
    bench.link.tick(2 * limits.feedPingMs)
    expect(bench.kinds()).toEqual(['hang-up', 'lost', 'status'])
  })

  test('an answered question confirms all that is known', () => {
    const bench = Bench.current()
    bench.link.tick(limits.feedPingMs)
    bench.take()
    bench.now = limits.feedPingMs + 1
    bench.say({ type: 'pong', id: 1 })
    expect(bench.kinds()).toEqual(['confirmed'])
    expect(bench.link.status.state).toBe('current')
  })

  test('garbage ends the connection', () => {
    const bench = Bench.current()
    bench.link.received(bench.connection, '{"type":"change"}', 0)
    expect(bench.kinds()).toEqual(['hang-up', 'lost', 'status'])
  })

  test('after sleep it asks at once, and where it waited it dials', () => {
    const bench = Bench.current()
    bench.link.verify(1)
    expect(bench.written()).toEqual([{ type: 'ping', id: 1 }])
    bench.link.closed(bench.connection, '', 2)
    bench.take()
    bench.link.verify(3)
    expect(bench.kinds()).toEqual(['dial', 'status'])
  })
})

test('it answers the registry’s questions', () => {
  const bench = Bench.current()
  bench.say({ type: 'ping', id: 9 })
  expect(bench.written()).toEqual([{ type: 'pong', id: 9 }])
})
