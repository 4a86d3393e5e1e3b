import { describe, expect, test } from 'vitest'
import { fromUtf8, toBase64url, utf8 } from '../bytes.js'
import { createKeypair, SecretKey } from '../identity/keypair.js'
import { nodeCrypto } from '../node/crypto.js'
import { Budget } from './budget.js'
import { encodePacketHeader } from './packet.js'
import { type AgentOptions, echo, newCallId, TestAgent } from './testing/agent.js'
import { Network } from './testing/network.js'

const hello = utf8('hello')

/** Two agents at one relay; ids in order, so that alice is the smaller. */
function pair(options: Partial<AgentOptions> = {}) {
  const network = new Network()
  const [small, large] = sortedKeypairs()
  const alice = new TestAgent(network, { crypto: nodeCrypto, keypair: small, ...options })
  const bob = new TestAgent(network, { crypto: nodeCrypto, keypair: large, ...options })
  network.connect(alice.id, 'r1')
  network.connect(bob.id, 'r1')
  return { network, alice, bob }
}

function sortedKeypairs() {
  const keypairs = [0, 1].map(() => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto))
  const [one, two] = keypairs as [(typeof keypairs)[0], (typeof keypairs)[0]]
  const bytes = (pair: typeof one) => Buffer.from(pair.id, 'base64url')
  return Buffer.compare(bytes(one), bytes(two)) < 0 ? ([one, two] as const) : ([two, one] as const)
}

/** The same agent in a new process. */
function restart(agent: TestAgent): TestAgent {
  const { network, keypair } = agent
  network.kill(agent.id)
  const next = new TestAgent(network, { crypto: nodeCrypto, keypair })
  network.connect(next.id, 'r1')
  return next
}

/** A handler that never answers. */
const ponder = () => {}

describe('a restarted peer', () => {
  test('is noticed at once: the next call runs there, after a new handshake', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(2_000, () => first.isClosed)
    network.run(1_000)
    const bob2 = restart(bob)
    const started = network.now
    const second = alice.call(bob.id, 'echo', hello)
    expect(network.run(5_000, () => second.isClosed)).toBe(true)
    expect(second.error).toBeUndefined()
    expect(network.now - started).toBeLessThan(150)
    expect(bob2.runs.get(second.header.call)).toBe(1)
    expect(alice.events).toContainEqual(
      expect.objectContaining({ kind: 'session', restarted: true, incarnation: bob2.incarnation }),
    )
  })

  test('interrupts the calls that its predecessor was running', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect(bob.runs.size).toBe(1)
    const bob2 = restart(bob)
    expect(network.run(10_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('interrupted')
    network.run(60_000)
    expect(bob2.runs.size).toBe(0)
  })

  test('cancels what it had called before', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    const alice2 = restart(alice)
    const call = alice2.call(bob.id, 'other', hello)
    network.run(1_000)
    const [first, second] = [...bob.served.values()]
    expect(first?.isCanceled).toBe(true)
    expect(first?.isClosed).toBe(true)
    expect(second?.header.call).toBe(call.header.call)
    expect(second?.isClosed).toBe(false)
  })

  test('is noticed even if it never speaks, while a call runs there', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(100)
    restart(bob)
    expect(network.run(6_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('interrupted')
  })

  test('refuses a call that another incarnation was sent', () => {
    const { network, alice, bob } = pair()
    const call = alice.open(bob.id, { incarnation: toBase64url(nodeCrypto.randomBytes(16)) })
    expect(network.run(5_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('interrupted')
    expect(bob.runs.size).toBe(0)
  })
})

describe('a session that the peer forgot, in the same process', () => {
  /** Bob evicts the session that nobody uses while the goodbye is lost. */
  function forgotten() {
    const { network, alice, bob } = pair({ limits: { maxSessions: 1 } })
    const first = alice.call(bob.id, 'echo', hello)
    network.run(2_000, () => first.isClosed)
    network.run(300)
    network.fate = () => 'drop'
    const carol = new TestAgent(network, { crypto: nodeCrypto })
    network.connect(carol.id, 'r1')
    network.fate = ({ from, to }) => (from === bob.id && to === alice.id ? 'drop' : 'deliver')
    const other = carol.call(bob.id, 'echo', hello)
    network.run(100, () => other.isClosed)
    network.run(40)
    network.fate = () => 'deliver'
    return { network, alice, bob, carol, other }
  }

  test('lets unanswered calls move: they run once, under the same id', () => {
    const { network, alice, bob, other } = forgotten()
    expect(other.isClosed).toBe(true)
    // Within the time that a session counts as fresh, so the call is sealed in the lost session.
    const call = alice.call(bob.id, 'echo', hello, utf8('world'))
    const before = network.now
    expect(network.run(10_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(call.messages).toEqual([hello, utf8('world')])
    expect(bob.runs.get(call.header.call)).toBe(1)
    expect(network.now - before).toBeLessThan(200)
  })

  test('lets the first call move too, which was in message 3', () => {
    const { network, alice, bob } = pair()
    // Bob forgets the half-open handshake before message 3 ever comes.
    network.fate = ({ packet }) => (packet?.[0] === 3 || packet?.[0] === 4 ? 'drop' : 'deliver')
    const call = alice.call(bob.id, 'echo', hello)
    network.run(12_000)
    network.fate = () => 'deliver'
    expect(network.run(20_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(call.messages).toEqual([hello])
    expect(bob.runs.get(call.header.call)).toBe(1)
  })

  test('is not given up for a forged hint: calls go on in it', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    const sealed = network.sent.filter(({ from, packet }) => from === alice.id && packet?.[0] === 4)
    const packet = sealed[0]?.packet as Uint8Array
    const index = new DataView(packet.buffer, packet.byteOffset).getUint32(4)
    const hint = encodePacketHeader({ kind: 'noSession', index, number: 0, space: 'data' })
    const before = network.sent.length
    for (let i = 0; i < 50; i++) network.inject(bob.id, alice.id, hint, 'r1')
    network.run(500)
    // One handshake beside, one question, one answer.
    expect(network.sent.length - before).toBeLessThan(12)
    expect(bob.runs.get(call.header.call)).toBe(1)
    expect(call.isClosed).toBe(false)
    bob.handler = echo
    for (const served of bob.served.values()) network.act(bob.id, () => echo(bob, served))
    expect(network.run(3_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(bob.runs.get(call.header.call)).toBe(1)
  })
})

describe('simultaneous open', () => {
  test('ends in one session that carries both calls', () => {
    const { network, alice, bob } = pair()
    const one = alice.call(bob.id, 'echo', hello)
    const two = bob.call(alice.id, 'echo', hello)
    expect(network.run(1_000, () => one.isClosed && two.isClosed)).toBe(true)
    expect([one.error, two.error]).toEqual([undefined, undefined])
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(bob.endpoint.stats().sessions).toBe(1)
    network.run(60_000)
    expect(alice.endpoint.stats().halfOpen).toBe(0)
  })

  test('the smaller id answers after 1 s if its own handshake never arrives', () => {
    const { network, alice, bob } = pair()
    network.fate = ({ from, packet }) =>
      from === alice.id && packet?.[0] === 1 ? 'drop' : 'deliver'
    const one = alice.call(bob.id, 'echo', hello)
    const two = bob.call(alice.id, 'echo', hello)
    expect(network.run(1_500, () => one.isClosed && two.isClosed)).toBe(true)
    expect([one.error, two.error]).toEqual([undefined, undefined])
  })
})

describe('a peer that is not there', () => {
  test('fails a first call at once, by the word of the relay', () => {
    const { network, alice, bob } = pair()
    network.kill(bob.id)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(100, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
    network.run(60_000)
    expect(network.isQuiet).toBe(true)
    expect(alice.endpoint.deadline()).toBeUndefined()
  })

  test('fails a new call at once also where a session was left', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => first.isClosed)
    network.run(5_000)
    network.kill(bob.id)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(100, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
  })

  test('is awaited for a moment after an outage that both may have suffered', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => first.isClosed)
    network.run(1_000)
    network.disconnect(alice.id, 'r1')
    network.disconnect(bob.id, 'r1')
    network.connect(alice.id, 'r1')
    network.run(500)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(3_000, () => call.isClosed)).toBe(false)
    network.connect(bob.id, 'r1')
    expect(network.run(8_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
  })

  test('is not awaited for longer after an outage than a link is', () => {
    const { network, alice, bob } = pair()
    const first = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => first.isClosed)
    network.run(1_000)
    network.disconnect(alice.id, 'r1')
    network.disconnect(bob.id, 'r1')
    network.connect(alice.id, 'r1')
    network.run(4_000)
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(5_900, () => call.isClosed)).toBe(false)
    expect(network.run(200, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
  })

  test('is awaited for 60 s by a call without a deadline that it was sent', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const patient = alice.open(bob.id, { deadline: 600_000 })
    const call = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    network.disconnect(bob.id, 'r1')
    expect(network.run(55_000, () => call.isClosed)).toBe(false)
    expect(network.run(40_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('offline')
    expect(patient.isClosed).toBe(false)
    network.connect(bob.id, 'r1')
    for (const served of bob.served.values()) {
      network.act(bob.id, (endpoint, now) => endpoint.end(served.stream, now))
    }
    network.act(alice.id, (endpoint, now) => endpoint.end(patient.stream, now))
    expect(network.run(30_000, () => patient.isClosed)).toBe(true)
    expect(patient.error).toBeUndefined()
  })

  test('may come back within that time: the call completes, run once', () => {
    const { network, alice, bob } = pair()
    const call = alice.open(bob.id)
    network.run(1_000)
    network.disconnect(bob.id, 'r1')
    network.act(alice.id, (endpoint, now) => {
      endpoint.write(call.stream, hello, true, now)
      endpoint.end(call.stream, now)
    })
    network.run(50_000)
    network.connect(bob.id, 'r1')
    expect(network.run(16_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
    expect(bob.runs.get(call.header.call)).toBe(1)
  })

  test('says nothing to someone it may not talk to', () => {
    const { network, alice, bob } = pair()
    const stranger = new TestAgent(network, { crypto: nodeCrypto, mayTalk: () => true })
    network.connect(stranger.id, 'r1')
    const shy = new TestAgent(network, { crypto: nodeCrypto, mayTalk: (id) => id !== stranger.id })
    network.connect(shy.id, 'r1')
    const call = stranger.call(shy.id, 'echo', hello)
    expect(network.run(60_000, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('unreachable')
    expect(network.sent.filter(({ from }) => from === shy.id)).toEqual([])
    expect(alice.id).not.toBe(bob.id)
  })
})

describe('without a link of our own', () => {
  test('a new call waits for 10 s, then is unreachable', () => {
    const { network, alice, bob } = pair()
    network.disconnect(alice.id, 'r1')
    const call = alice.call(bob.id, 'echo', hello)
    expect(network.run(9_900, () => call.isClosed)).toBe(false)
    expect(network.run(200, () => call.isClosed)).toBe(true)
    expect(call.error).toBe('unreachable')
  })

  test('a new call goes out as soon as there is one', () => {
    const { network, alice, bob } = pair()
    network.disconnect(alice.id, 'r1')
    const call = alice.call(bob.id, 'echo', hello)
    network.run(9_000)
    network.connect(alice.id, 'r1')
    expect(network.run(200, () => call.isClosed)).toBe(true)
    expect(call.error).toBeUndefined()
  })
})

describe('an agent', () => {
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

  test('resets what is no longer allowed when it decides again', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const one = alice.call(bob.id, 'one', hello)
    const two = alice.call(bob.id, 'two', hello)
    network.run(500)
    network.act(bob.id, (endpoint, now) => endpoint.redecide((_, name) => name !== 'one', now))
    network.run(100)
    expect([one.error, two.error]).toEqual(['denied', undefined])
    expect([...bob.served.values()].map(({ error }) => error)).toEqual(['denied', undefined])
  })

  test('ends the session of someone it may not talk to any more', () => {
    let isAllowed = true
    const { network, alice, bob } = pair({ mayTalk: () => isAllowed })
    bob.handler = ponder
    const call = alice.call(bob.id, 'one', hello)
    network.run(500)
    isAllowed = false
    network.act(bob.id, (endpoint, now) => endpoint.redecide(() => true, now))
    network.run(100)
    expect(call.error).toBe('denied')
    expect(bob.endpoint.stats().sessions).toBe(0)
  })

  test('says goodbye when it closes, and is silent afterwards', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    alice.handler = ponder
    const call = alice.call(bob.id, 'one', hello)
    const own = bob.call(alice.id, 'two', hello)
    network.run(500)
    network.act(bob.id, (endpoint, now) => endpoint.close(now))
    network.run(100)
    expect(call.error).toBe('interrupted')
    expect(own.error).toBe('interrupted')
    expect(bob.endpoint.deadline()).toBeUndefined()
    expect(bob.endpoint.stats()).toMatchObject({ sessions: 0, streams: 0, peers: 0 })
  })

  test('replaces a session after an hour of use, and the old one drains', () => {
    const { network, alice, bob } = pair()
    bob.handler = (agent, call) => {
      if (call.header.capability === 'echo') echo(agent, call)
    }
    const long = alice.call(bob.id, 'long', hello)
    network.run(3_601_000)
    expect(alice.endpoint.stats().sessions).toBe(1)
    const first = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect(first.isClosed).toBe(true)
    expect(alice.endpoint.stats().sessions).toBe(2)
    const second = alice.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect(second.isClosed).toBe(true)
    for (const served of bob.served.values()) {
      if (!served.isClosed) network.act(bob.id, () => echo(bob, served))
    }
    network.run(1_000)
    expect(long.isClosed).toBe(true)
    expect(long.error).toBeUndefined()
    network.run(120_000)
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(bob.endpoint.stats().sessions).toBe(1)
  })

  test('sends nothing at all while its sessions are idle', () => {
    const { network, alice, bob } = pair()
    const call = alice.call(bob.id, 'echo', hello)
    network.run(5_000, () => call.isClosed)
    network.run(1_000)
    const before = network.sent.length
    network.run(86_400_000)
    expect(network.sent.length).toBe(before)
    expect(alice.endpoint.deadline()).toBeUndefined()
  })

  test('evicts the longest idle session, and never one at work', () => {
    const { network, bob } = pair({ limits: { maxSessions: 2 } })
    bob.handler = (agent, call) => {
      if (call.header.capability === 'echo') echo(agent, call)
    }
    const others = [1, 2, 3].map(() => {
      const agent = new TestAgent(network, { crypto: nodeCrypto })
      network.connect(agent.id, 'r1')
      return agent
    })
    const [a, b, c] = others as [TestAgent, TestAgent, TestAgent]
    const working = a.call(bob.id, 'ponder', hello)
    network.run(1_000)
    const idle = b.call(bob.id, 'echo', hello)
    network.run(1_000)
    const third = c.call(bob.id, 'echo', hello)
    network.run(1_000)
    expect([idle.isClosed, third.isClosed, working.isClosed]).toEqual([true, true, false])
    expect(bob.endpoint.peerState(b.id).state).toBe('none')
    expect(bob.endpoint.peerState(a.id).state).toBe('established')
    const fourth = b.call(bob.id, 'ponder', hello)
    network.run(1_000)
    expect(bob.endpoint.peerState(c.id).state).toBe('none')
    expect(fourth.isClosed).toBe(false)
    const fifth = c.call(bob.id, 'echo', hello)
    network.run(40_000)
    expect(fifth.error).toBe('unreachable')
    expect(working.isClosed).toBe(false)
  })

  test('refuses a call id that runs already in the same session', () => {
    const { network, alice, bob } = pair()
    bob.handler = ponder
    const id = newCallId()
    const first = alice.open(bob.id, { call: id })
    network.run(500)
    const again = alice.open(bob.id, { call: id })
    network.run(500)
    expect([first.isClosed, again.error]).toEqual([false, 'invalid'])
    expect(bob.runs.get(id)).toBe(1)
  })

  test('attaches a call that comes again over another session: it runs once', () => {
    const { network, alice, bob } = pair({ limits: { sessionUseMs: 1_000 } })
    bob.handler = ponder
    const id = newCallId()
    const send = (stream: number, bytes: Uint8Array) => {
      network.act(alice.id, (endpoint, now) => endpoint.write(stream, bytes, true, now))
    }
    const first = alice.open(bob.id, { call: id })
    send(first.stream, utf8('one'))
    network.run(2_000)
    // A new session stands beside the old one; the call comes again there, with more to it.
    const other = alice.call(bob.id, 'other', hello)
    network.run(500)
    expect(alice.endpoint.stats().sessions).toBe(2)
    const again = alice.open(bob.id, { call: id })
    for (const text of ['one', 'two']) send(again.stream, utf8(text))
    network.run(500)
    expect(bob.runs.get(id)).toBe(1)
    const served = [...bob.served.values()].find(({ header }) => header.call === id)
    expect(served?.messages.map((message) => fromUtf8(message))).toEqual(['one', 'two'])
    network.act(bob.id, (endpoint, now) => {
      if (served === undefined) return
      endpoint.write(served.stream, utf8('answer'), true, now)
      endpoint.end(served.stream, now)
    })
    network.act(alice.id, (endpoint, now) => endpoint.end(again.stream, now))
    expect(network.run(5_000, () => again.isClosed)).toBe(true)
    expect(again.messages.map((message) => fromUtf8(message))).toEqual(['answer'])
    expect(again.error).toBeUndefined()
    expect(other.isClosed).toBe(false)
  })

  test('wakes a session that rested as if nothing had been', () => {
    const { network, alice, bob } = pair({ limits: { maxWarmSessions: 0 } })
    for (let i = 0; i < 5; i++) {
      const call = alice.call(bob.id, 'echo', utf8(`call ${i}`))
      expect(network.run(2_000, () => call.isClosed)).toBe(true)
      const back = bob.call(alice.id, 'echo', utf8(`back ${i}`))
      expect(network.run(2_000, () => back.isClosed)).toBe(true)
      expect([call.error, back.error]).toEqual([undefined, undefined])
      network.run(10_000)
    }
    expect(alice.endpoint.stats().sessions).toBe(1)
    expect(network.sent.filter(({ packet }) => packet?.[0] === 1)).toHaveLength(1)
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
