import { createHash } from 'node:crypto'
import { fromUtf8, MeshError } from '@agent-mesh/core'
import type { Answer, IncomingCall } from '@agent-mesh/sdk'
import { eventually } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runsLong } from './long.js'
import { SdkWorld } from './sdk-world.js'

const mebibyte = 1024 * 1024

/** Handlers that tell the test what they see. */
class Stage {
  readonly aborted: unknown[] = []
  started = 0

  readonly capabilities = {
    echo: (call: IncomingCall) => call.bytes(),
    /** Sends back what comes, as it comes. */
    pipe: (call: IncomingCall) => call.body(),
    count: async function* (call: IncomingCall) {
      const last = Number(await call.text())
      for (let i = 1; i <= last; i++) yield String(i)
    },
    digest: async (call: IncomingCall) => {
      const hash = createHash('sha256')
      for await (const bytes of call.body()) hash.update(bytes)
      return hash.digest('hex')
    },
    /** Until the caller has enough. */
    wait: (call: IncomingCall) => {
      this.started += 1
      return new Promise<undefined>((resolve) => {
        call.signal.addEventListener('abort', () => {
          this.aborted.push(call.signal.reason)
          resolve(undefined)
        })
      })
    },
    /** Ends by itself only when the caller is gone. */
    forever: async function* (call: IncomingCall) {
      while (!call.signal.aborted) yield new Uint8Array(16 * 1024)
    },
    fail: () => {
      throw new Error('the database password is hunter2')
    },
    refuse: () => {
      throw new MeshError('invalid', 'not told', { details: { field: 'date' } })
    },
    who: ({ caller, callerName, type, meta, deadlineMs }: IncomingCall) => ({
      caller,
      callerName,
      type,
      meta: { ...meta },
      deadlineMs,
    }),
  }
}

let world: SdkWorld
let stage: Stage
let alice: Awaited<ReturnType<SdkWorld['pair']>>['alice']
let bob: Awaited<ReturnType<SdkWorld['pair']>>['bob']

beforeAll(async () => {
  world = await SdkWorld.start()
  stage = new Stage()
  const pair = await world.pair(stage.capabilities)
  alice = pair.alice
  bob = pair.bob
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

describe('one answer', () => {
  test('bytes, JSON and nothing cross both ways', async () => {
    const answer = await alice.call('bob', 'echo', { message: 'hi' })
    expect(answer.peer).toBe(bob.member.id)
    expect(await answer.json()).toEqual({ message: 'hi' })
    expect(await (await alice.call('bob', 'echo', Uint8Array.of(0, 255))).bytes()).toEqual(
      Uint8Array.of(0, 255),
    )
    expect(await (await alice.call('bob', 'echo')).bytes()).toHaveLength(0)
  })

  test('a target is a name, an id or the beginning of one', async () => {
    const { id } = bob.member
    for (const target of ['bob', id, id.slice(0, 6)]) {
      expect(await (await alice.call(target, 'echo', target)).text()).toBe(target)
    }
    await expect(alice.call('nobody', 'echo')).rejects.toMatchObject({ code: 'unknown-agent' })
    await expect(alice.call(id.slice(0, 5), 'echo')).rejects.toMatchObject({
      code: 'unknown-agent',
    })
  })

  test('the handler knows the caller by key and by name', async () => {
    const options = { type: 'text/csv', meta: { color: 'red' }, deadlineMs: 5_000 }
    const answer = await alice.call('bob', 'who', 'a', options)
    const seen = (await answer.json()) as Record<string, unknown>
    expect(seen).toMatchObject({
      caller: alice.member.id,
      callerName: 'alice',
      type: 'text/csv',
      meta: { color: 'red' },
    })
    expect(seen['deadlineMs']).toBeLessThanOrEqual(5_000)
    expect(seen['deadlineMs']).toBeGreaterThan(3_000)
  })

  test('500 calls run at once over one session', async () => {
    const calls = Array.from({ length: 500 }, async (_, i) => {
      const answer = await alice.call('bob', 'echo', `call ${i}`)
      return answer.text()
    })
    const answers = await Promise.all(calls)
    expect(answers).toEqual(answers.map((_, i) => `call ${i}`))
  })

  test('agents call themselves by the same way', async () => {
    await world.allow('bob', 'bob')
    const answer = await bob.member.call('bob', 'echo', 'me')
    expect(await answer.text()).toBe('me')
  })
})

describe('streams', () => {
  test('messages keep their borders', async () => {
    const seen: string[] = []
    for await (const message of await alice.call('bob', 'count', '100')) {
      seen.push(fromUtf8(message))
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => String(i + 1)))
  })

  test('both directions stream at once: an answer begins before the request ends', async () => {
    let sendMore: () => void = () => undefined
    const source = async function* () {
      yield 'one'
      await new Promise<void>((resolve) => {
        sendMore = resolve
      })
      yield 'two'
    }
    const answer = await alice.call('bob', 'pipe', source())
    const seen: string[] = []
    for await (const bytes of answer.body()) {
      seen.push(fromUtf8(bytes))
      if (seen.join('') === 'one') sendMore()
    }
    expect(seen.join('')).toBe('onetwo')
  })

  test.runIf(runsLong)('100 MB up and 100 MB down hold little of it on the way', async () => {
    const piece = new Uint8Array(256 * 1024).fill(7)
    const pieces = 400
    const expected = createHash('sha256')
    let made = 0
    const source = async function* () {
      for (let i = 0; i < pieces; i++) {
        expected.update(piece)
        made += piece.length
        yield piece
      }
    }
    let peak = 0
    const answer = await alice.call('bob', 'pipe', source())
    const hash = createHash('sha256')
    let size = 0
    for await (const bytes of answer.body()) {
      hash.update(bytes)
      size += bytes.length
      peak = Math.max(peak, made - size)
    }
    expect(size).toBe(pieces * piece.length)
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
    // All that is anywhere on the way: two send queues, two windows, and the relay between them.
    expect(peak).toBeLessThan(16 * mebibyte)
  })

  test('a stalled stream harms no other', async () => {
    const stalled: Answer[] = []
    for (let i = 0; i < 20; i++) stalled.push(await alice.call('bob', 'forever'))
    const answer = await alice.call('bob', 'digest', new Uint8Array(5 * mebibyte))
    expect(await answer.text()).toHaveLength(64)
    for (const stream of stalled) stream.cancel()
    await eventually(() => bob.status.calls.running === 0, { what: 'the stalled calls to end' })
  })

  test('break is heard at the far end', async () => {
    let seen = 0
    for await (const message of await alice.call('bob', 'forever')) {
      seen += message.length
      if (seen > 100_000) break
    }
    await eventually(() => bob.status.calls.running === 0, { what: 'the stream to end' })
  })
})

describe('ending early', () => {
  test('a cancel arrives while the handler runs', async () => {
    const abort = new AbortController()
    const { started, aborted } = stage
    const count = aborted.length
    const call = alice.call('bob', 'wait', undefined, { signal: abort.signal })
    await eventually(() => stage.started > started, { what: 'the handler' })
    abort.abort(new Error('changed my mind'))
    await expect(call).rejects.toThrow('changed my mind')
    await eventually(() => aborted.length > count, { what: 'the handler to hear of it' })
    expect(aborted.at(-1)).toMatchObject({ code: 'canceled' })
  })

  test('a deadline ends the call at both ends', async () => {
    const { aborted } = stage
    const count = aborted.length
    await expect(alice.call('bob', 'wait', undefined, { deadlineMs: 150 })).rejects.toMatchObject({
      code: 'timeout',
    })
    await eventually(() => aborted.length > count, { what: 'the handler to hear of it' })
  })
})

describe('refusals', () => {
  test('without a rule a call is denied before any handler runs', async () => {
    const carol = await world.connect(await world.know('carol'))
    await expect(carol.call('bob', 'echo')).rejects.toMatchObject({
      code: 'denied',
      details: { capability: 'echo', by: 'default' },
    })
  })

  test('a rule takes effect at once, and its removal ends what runs', async () => {
    const dora = await world.connect(await world.know('dora'))
    const rule = await world.allow('dora', 'bob', 'wait')
    const { started } = stage
    const call = dora.call('bob', 'wait')
    const verdict = expect(call).rejects.toMatchObject({ code: 'denied' })
    await eventually(() => stage.started > started, { what: 'the handler' })
    await world.owner.removeRule({ params: { id: rule } })
    await verdict
    await expect(dora.call('bob', 'wait')).rejects.toMatchObject({ code: 'denied' })
  })

  test('a capability that is not served is not found', async () => {
    await expect(alice.call('bob', 'fly')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('what a handler throws does not cross, its meant details do', async () => {
    const error = await alice.call('bob', 'fail').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'handler-failed' })
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
    await expect(alice.call('bob', 'refuse')).rejects.toMatchObject({
      code: 'invalid',
      details: { field: 'date' },
    })
  })

  test('an agent that is away is offline at once', async () => {
    await world.know('ghost')
    await world.allow('alice', 'ghost')
    await eventually(() => alice.directory.agents().some(({ name }) => name === 'ghost'), {
      what: 'ghost in view',
    })
    await expect(alice.call('ghost', 'echo')).rejects.toMatchObject({ code: 'offline' })
  })
})
