import {
  type ClientFrame,
  createKeypair,
  decodeClientFrame,
  encodeFrame,
  type Frame,
  MeshError,
  nobleCrypto,
  SecretKey,
} from '@agent-mesh/core'
import { describe, expect, test } from 'vitest'
import { limits } from '../limits.js'
import type { LinkEffect } from './effects.js'
import { RelayLink } from './relay-link.js'

const url = 'ws://127.0.0.1:8080/relay/ws'
const keypair = createKeypair(SecretKey.fromSeed(new Uint8Array(32).fill(7)), nobleCrypto)
const hourMs = 3_600_000
const admission = new Uint8Array(2 + 64)
const peer = new Uint8Array(32).fill(9)

/** A link, its clock, and what it asked for. */
class Bench {
  now = 0
  readonly link = new RelayLink({
    keypair,
    crypto: nobleCrypto,
    instance: new Uint8Array(16).fill(1),
    url,
    random: () => 0,
  })
  readonly effects: LinkEffect[] = []

  take(): LinkEffect[] {
    const effects = this.link.drain()
    this.effects.push(...effects)
    return effects
  }

  kinds(): string[] {
    return this.take().map((effect) => effect.kind)
  }

  frames(effects = this.take()): ClientFrame[] {
    return effects.flatMap((effect) =>
      effect.kind === 'write' ? [decodeClientFrame(effect.frame)] : [],
    )
  }

  relay(connection: string, frame: Frame): void {
    this.link.received(connection, encodeFrame(frame), this.now)
  }

  /** Moves on, ticking at every deadline on the way. */
  advance(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const due = this.link.deadline()
      if (due === undefined || due > until) break
      this.now = Math.max(this.now, due)
      this.link.tick(this.now)
    }
    this.now = until
  }

  challenge(connection: string): void {
    this.relay(connection, {
      kind: 'challenge',
      nonce: new Uint8Array(32),
      maxPacket: 65_535,
      maxFramesPerSecond: 0,
      heartbeatMs: 10_000,
    })
  }

  welcome(connection: string): void {
    this.relay(connection, { kind: 'welcome', epoch: 1, serverTimeMs: 0 })
  }

  /** Answers the ping that follows a welcome. */
  pong(connection: string): void {
    const pings = this.frames().filter((frame) => frame.kind === 'ping')
    const last = pings.at(-1)
    if (last?.kind === 'ping') this.relay(connection, { kind: 'pong', token: last.token })
  }

  static live(): Bench {
    const bench = new Bench()
    bench.link.start(bench.now)
    bench.link.admission(admission, hourMs, bench.now)
    bench.challenge('1')
    bench.welcome('1')
    bench.pong('1')
    bench.take()
    return bench
  }
}

describe('logging in', () => {
  test('an admission is fetched before the relay is dialled', () => {
    const bench = new Bench()
    bench.link.start(0)
    expect(bench.kinds()).toEqual(['fetch-admission'])
    bench.link.admission(admission, hourMs, 5)
    expect(bench.take()).toEqual([{ kind: 'dial', connection: '1', url }])
  })

  test('the link is up behind the login, before the welcome, so that first packets share its flight', () => {
    const bench = new Bench()
    bench.link.start(0)
    bench.link.admission(admission, hourMs, 0)
    bench.take()
    bench.challenge('1')
    const effects = bench.take()
    expect(effects.map(({ kind }) => kind)).toEqual(['write', 'up'])
    expect(bench.frames(effects)[0]).toMatchObject({ kind: 'login', origin: 'ws://127.0.0.1:8080' })
    expect(bench.link.status.state).toBe('connecting')
    bench.welcome('1')
    expect(bench.link.status).toMatchObject({ state: 'live', epoch: 1, problem: undefined })
  })

  test('a pong after the welcome tells the round trip', () => {
    const bench = new Bench()
    bench.link.start(0)
    bench.link.admission(admission, hourMs, 0)
    bench.challenge('1')
    bench.welcome('1')
    bench.now = 12
    bench.pong('1')
    expect(bench.link.status.rttMs).toBe(12)
  })

  test('a refused login with a document never used before ends the link', () => {
    const bench = new Bench()
    bench.link.start(0)
    bench.link.admission(admission, hourMs, 0)
    bench.challenge('1')
    bench.relay('1', { kind: 'refused', code: 'login-refused', retryAfterMs: 0 })
    expect(bench.link.status).toMatchObject({
      state: 'stopped',
      end: 'refused',
      problem: { code: 'login-refused' },
    })
    expect(bench.link.deadline()).toBeUndefined()
  })

  test('a document that was used before is fetched anew once when a relay refuses it', () => {
    const bench = Bench.live()
    bench.link.closed('1', '', bench.now)
    bench.advance(limits.retryFirstMs)
    bench.take()
    bench.challenge('2')
    bench.relay('2', { kind: 'refused', code: 'login-refused', retryAfterMs: 0 })
    bench.advance(limits.retryLongestMs)
    expect(bench.kinds()).toContain('fetch-admission')
    bench.link.admission(admission, hourMs, bench.now)
    expect(bench.kinds()).toContain('dial')
    bench.challenge('3')
    bench.relay('3', { kind: 'refused', code: 'login-refused', retryAfterMs: 0 })
    expect(bench.link.status.end).toBe('refused')
  })

  test('a document renewed on a link that then slept is fetched anew when a relay refuses it', () => {
    const bench = Bench.live()
    // Monotonic time stands still while a machine sleeps: this document looks young and is not.
    bench.link.admission(admission, hourMs, bench.now)
    bench.link.closed('1', '', bench.now)
    bench.advance(limits.retryFirstMs)
    bench.take()
    bench.challenge('2')
    bench.relay('2', { kind: 'refused', code: 'login-refused', retryAfterMs: 0 })
    bench.advance(limits.retryLongestMs)
    expect(bench.kinds()).toContain('fetch-admission')
  })

  test('a relay that is busy is tried again, not before it said', () => {
    const bench = new Bench()
    bench.link.start(0)
    bench.link.admission(admission, hourMs, 0)
    bench.take()
    bench.relay('1', { kind: 'refused', code: 'busy', retryAfterMs: 7_000 })
    bench.advance(6_999)
    expect(bench.kinds()).not.toContain('dial')
    bench.advance(1)
    expect(bench.kinds()).toContain('dial')
  })

  test('a relay that is busy for weeks is tried again before', () => {
    const bench = new Bench()
    bench.link.start(0)
    bench.link.admission(admission, hourMs, 0)
    bench.take()
    bench.relay('1', { kind: 'refused', code: 'busy', retryAfterMs: 0xffff_ffff })
    bench.advance(limits.relayWaitLongestMs)
    expect(bench.kinds()).toContain('dial')
  })

  test.each(['revoked', 'login-refused', 'not-found'] as const)(
    'a registry that says %s ends the link',
    (code) => {
      const bench = new Bench()
      bench.link.start(0)
      bench.link.admissionFailed(new MeshError(code), 0)
      expect(bench.link.status.state).toBe('stopped')
      expect(bench.link.status.problem?.code).toBe(code)
    },
  )

  test('a registry that cannot be reached is asked again, ever more slowly', () => {
    const bench = new Bench()
    bench.link.start(0)
    const asked: number[] = []
    for (let i = 0; i < 9; i++) {
      expect(bench.kinds()).toContain('fetch-admission')
      bench.link.admissionFailed(new MeshError('registry-unreachable'), bench.now)
      expect(bench.link.status.state).toBe('waiting')
      const due = bench.link.deadline() ?? Number.NaN
      asked.push(due - bench.now)
      bench.advance(due - bench.now)
    }
    expect(asked).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 7_500, 7_500, 7_500])
  })
})

describe('staying', () => {
  test('an admission is renewed over the link before it runs out', () => {
    const bench = Bench.live()
    const renewAt = hourMs * limits.renewAfter
    while (bench.now < renewAt - 1) {
      bench.advance(Math.min(5_000, renewAt - 1 - bench.now))
      bench.pong('1')
    }
    expect(bench.effects.filter(({ kind }) => kind === 'fetch-admission')).toHaveLength(1)
    bench.advance(1)
    expect(bench.kinds()).toContain('fetch-admission')
    bench.link.admission(admission, hourMs, bench.now)
    expect(bench.frames().map(({ kind }) => kind)).toEqual(['renew'])
  })

  test('an idle link is asked for a sign of life every heartbeat', () => {
    const bench = Bench.live()
    bench.advance(9_999)
    expect(bench.kinds()).toEqual([])
    bench.advance(1)
    expect(bench.frames().map(({ kind }) => kind)).toEqual(['ping'])
  })

  test('a ping of the relay is answered with the same number', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'ping', token: 77n })
    expect(bench.frames()).toEqual([{ kind: 'pong', token: 77n }])
  })

  test('a silent relay gets a second connection beside it at once, which takes over when live', () => {
    const bench = Bench.live()
    bench.link.sent('1', bench.now)
    bench.advance(limits.quietAfterSendMs)
    expect(bench.frames().map(({ kind }) => kind)).toEqual(['ping'])
    bench.advance(limits.suspectAfterMs)
    expect(bench.kinds()).toEqual(['dial'])
    expect(bench.link.status.state).toBe('live')
    bench.challenge('2')
    expect(bench.kinds()).toEqual(['write'])
    bench.welcome('2')
    expect(bench.kinds()).toEqual(['write', 'up', 'down', 'hang-up'])
    expect(bench.link.status.state).toBe('live')
  })

  test('a relay that speaks again in time stays', () => {
    const bench = Bench.live()
    bench.link.sent('1', bench.now)
    bench.advance(limits.quietAfterSendMs)
    bench.pong('1')
    bench.advance(limits.suspectAfterMs)
    expect(bench.kinds()).not.toContain('dial')
  })

  test('a throttled link is not taken for a silent one', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'throttled', ms: 8_000 })
    bench.link.sent('1', bench.now)
    bench.advance(8_000 + limits.suspectAfterMs - 1)
    expect(bench.kinds()).not.toContain('dial')
  })

  test('a relay cannot excuse a silence of weeks', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'throttled', ms: 0xffff_ffff })
    bench.link.sent('1', bench.now)
    bench.advance(limits.relayWaitLongestMs + limits.suspectAfterMs)
    expect(bench.kinds()).toContain('dial')
  })

  test('when nothing answers any more the old connection is given up and attempts go on', () => {
    const bench = Bench.live()
    bench.link.sent('1', bench.now)
    bench.advance(limits.quietAfterSendMs + limits.deadAfterMs + limits.dialTimeoutMs)
    const kinds = bench.kinds()
    expect(kinds).toContain('down')
    expect(kinds.filter((kind) => kind === 'dial').length).toBeGreaterThan(1)
    expect(bench.link.status.state).not.toBe('live')
  })

  test('after sleep the link is asked at once and retries do not wait', () => {
    const bench = Bench.live()
    bench.link.verify(bench.now)
    expect(bench.frames().map(({ kind }) => kind)).toEqual(['ping'])
    bench.link.closed('1', '', bench.now)
    bench.take()
    bench.link.verify(bench.now)
    expect(bench.kinds()).toContain('dial')
  })
})

describe('losing', () => {
  test('a closed connection is dialled again after a short wait, with the same admission', () => {
    const bench = Bench.live()
    bench.link.closed('1', 'reset', bench.now)
    expect(bench.kinds()).toEqual(['down', 'status'])
    expect(bench.link.status).toMatchObject({ state: 'waiting', attempts: 1 })
    bench.advance(limits.retryFirstMs)
    expect(bench.kinds()).toEqual(['dial', 'status'])
  })

  test('waits grow while the relay is away and start anew after a stable link', () => {
    const bench = Bench.live()
    bench.link.closed('1', '', bench.now)
    for (const wait of [125, 250, 500]) {
      expect((bench.link.deadline() ?? 0) - bench.now).toBe(wait)
      bench.advance(wait)
      const dialled = bench.take().find((effect) => effect.kind === 'dial')
      bench.link.closed(dialled?.connection ?? '', 'refused', bench.now)
    }
    bench.advance(1_000)
    const id = bench.take().find((effect) => effect.kind === 'dial')?.connection ?? ''
    bench.challenge(id)
    bench.welcome(id)
    bench.pong(id)
    bench.advance(limits.stableAfterMs)
    bench.pong(id)
    bench.link.closed(id, '', bench.now)
    expect((bench.link.deadline() ?? 0) - bench.now).toBe(125)
  })

  test('replaced: it stops, says so and never comes back by itself', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'replaced' })
    expect(bench.kinds()).toEqual(['down', 'hang-up', 'status'])
    expect(bench.link.status).toMatchObject({ state: 'stopped', end: 'replaced' })
    bench.link.verify(bench.now)
    bench.advance(10 * hourMs)
    expect(bench.kinds()).toEqual([])
  })

  test('revoked on a live link: it stops', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'refused', code: 'revoked', retryAfterMs: 0 })
    expect(bench.link.status.end).toBe('revoked')
  })

  test('an admission that ran out on a live link is fetched anew, and the login repeated', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'refused', code: 'login-refused', retryAfterMs: 0 })
    bench.advance(limits.retryFirstMs)
    expect(bench.kinds()).toContain('fetch-admission')
    bench.link.admission(admission, hourMs, bench.now)
    expect(bench.kinds()).toContain('dial')
  })

  test('draining: another connection is dialled beside it, and the old one serves until then', () => {
    const bench = Bench.live()
    bench.relay('1', { kind: 'draining', ms: 5_000, relays: [] })
    expect(bench.link.status.state).toBe('draining')
    bench.advance(2_500)
    expect(bench.kinds()).toContain('dial')
    bench.challenge('2')
    bench.welcome('2')
    expect(bench.kinds()).toEqual(['write', 'write', 'up', 'down', 'hang-up', 'status'])
    expect(bench.link.status.state).toBe('live')
  })

  test('a draining relay may name relays of our registry, and no others', () => {
    const bench = Bench.live()
    const second = 'ws://127.0.0.1:9090/relay/ws'
    bench.link.relays([url, second])
    bench.relay('1', { kind: 'draining', ms: 0, relays: ['ws://evil.example/relay/ws', second] })
    bench.link.tick(bench.now)
    expect(bench.take()).toContainEqual({ kind: 'dial', connection: '2', url: second })
  })

  test('garbage from the relay ends the connection, not the link', () => {
    const bench = Bench.live()
    bench.link.received('1', Uint8Array.of(200, 1, 2), bench.now)
    expect(bench.kinds()).toEqual(['down', 'hang-up', 'status'])
    expect(bench.link.status.state).toBe('waiting')
  })
})

test('packets and notices are handed on with their connection; those of an old one are not', () => {
  const bench = Bench.live()
  bench.relay('1', { kind: 'packet', from: peer, packet: Uint8Array.of(1, 2, 3) })
  bench.relay('1', {
    kind: 'undeliverable',
    to: peer,
    reason: 'offline',
    first: 0,
    count: 2,
    retryAfterMs: 5,
  })
  expect(bench.take()).toMatchObject([
    { kind: 'packet', connection: '1', packet: Uint8Array.of(1, 2, 3) },
    { kind: 'undeliverable', connection: '1', reason: 'offline', count: 2, retryAfterMs: 5 },
  ])
  bench.relay('0', { kind: 'packet', from: peer, packet: Uint8Array.of(1) })
  expect(bench.take()).toEqual([])
})

test('stopped by its owner it hangs up and asks for nothing more', () => {
  const bench = Bench.live()
  bench.link.stop('left')
  expect(bench.kinds()).toEqual(['down', 'hang-up', 'status'])
  expect(bench.link.deadline()).toBeUndefined()
  bench.link.admission(admission, hourMs, bench.now)
  expect(bench.kinds()).toEqual([])
})
