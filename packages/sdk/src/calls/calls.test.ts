import { fromUtf8, MeshError, utf8 } from '@agent-mesh/core'
import { describe, expect, test, vi } from 'vitest'
import { settle } from '../../test/support/fake-time.js'
import { LinkedCalls } from '../../test/support/linked-calls.js'
import { limits } from '../limits.js'
import { type IncomingCall, reply } from './call.js'

const mebibyte = 1024 * 1024

const echo = (call: IncomingCall) => call.bytes()

async function* countTo(last: number): AsyncGenerator<string> {
  for (let i = 1; i <= last; i++) yield String(i)
}

/** A handler that waits until its call is aborted, and says what it heard. */
function waiting() {
  const heard: unknown[] = []
  const handler = (call: IncomingCall) =>
    new Promise<undefined>((resolve) => {
      call.signal.addEventListener('abort', () => {
        heard.push(call.signal.reason)
        resolve(undefined)
      })
    })
  return { heard, handler }
}

describe('one answer', () => {
  test('bytes come back as they went', async () => {
    const linked = new LinkedCalls(echo)
    const answer = await linked.call(Uint8Array.of(0, 255, 7))
    expect(answer.type).toBe('application/octet-stream')
    expect(await answer.bytes()).toEqual(Uint8Array.of(0, 255, 7))
    await settle()
    expect(linked.outgoing.running + linked.incoming.running).toBe(0)
    expect(linked.time.pending).toBe(0)
  })

  test('a string is text, a JSON value is JSON, nothing is an empty body', async () => {
    const seen: unknown[] = []
    const linked = new LinkedCalls(async (call) => {
      seen.push([call.type, await call.text()])
      return { ok: true, list: [1, null] }
    })
    for (const body of ['hi', { a: 1 }, null, 5, undefined]) await linked.call(body)
    expect(seen).toEqual([
      ['text/plain; charset=utf-8', 'hi'],
      ['application/json', '{"a":1}'],
      ['application/json', 'null'],
      ['application/json', '5'],
      [undefined, ''],
    ])
    const answer = await linked.call()
    expect(answer.type).toBe('application/json')
    expect(await answer.json()).toEqual({ ok: true, list: [1, null] })
  })

  test('the handler sees who calls, what for, and what was said beside the body', async () => {
    let seen: IncomingCall | undefined
    const linked = new LinkedCalls((call) => {
      seen = call
      return reply('done', { type: 'text/x-done', meta: { cost: '1' } })
    })
    const options = { type: 'text/csv', meta: { k: 'v' }, trace: '00-ab-cd-01', deadlineMs: 900 }
    const answer = await linked.call('a,b', options)
    expect(seen).toMatchObject({
      caller: linked.caller,
      callerName: 'alice',
      capability: 'echo',
      type: 'text/csv',
      meta: { k: 'v' },
      trace: '00-ab-cd-01',
      deadlineMs: 900,
    })
    expect(answer.call).toBe(seen?.id)
    expect([answer.type, answer.meta]).toEqual(['text/x-done', { cost: '1' }])
    expect(await answer.text()).toBe('done')
  })

  test('a body above the bound of its reader is too large, and the call is given up', async () => {
    const linked = new LinkedCalls(() => new Uint8Array(200_000))
    const answer = await linked.call()
    await expect(answer.bytes({ maxBytes: 1000 })).rejects.toMatchObject({ code: 'too-large' })
    await settle()
    expect(linked.log).toEqual(['cancel'])
  })

  test('a body is read once', async () => {
    const linked = new LinkedCalls(echo)
    const answer = await linked.call('x')
    await answer.text()
    await expect(answer.text()).rejects.toThrow('once')
  })

  test('an answer that is not UTF-8, or not JSON, says so', async () => {
    const linked = new LinkedCalls(echo)
    await expect((await linked.call(Uint8Array.of(0xff))).text()).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect((await linked.call('{')).json()).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('streams', () => {
  test('every item of an iterable is one message, in both directions', async () => {
    const linked = new LinkedCalls(async function* (call) {
      for await (const message of call) yield `got ${fromUtf8(message)}`
    })
    const answer = await linked.call(countTo(3))
    const seen: string[] = []
    for await (const message of answer) seen.push(fromUtf8(message))
    expect(seen).toEqual(['got 1', 'got 2', 'got 3'])
  })

  test('borders of messages are the sender’s: chunks keep them, messages are joined', async () => {
    const parts = async function* () {
      yield { bytes: utf8('ab'), endOfMessage: false }
      yield { bytes: utf8('c'), endOfMessage: true }
      yield { bytes: utf8('d'), endOfMessage: false }
    }
    const linked = new LinkedCalls(() => parts())
    const messages: string[] = []
    for await (const message of await linked.call()) messages.push(fromUtf8(message))
    expect(messages).toEqual(['abc', 'd'])
    const chunks: boolean[] = []
    for await (const chunk of (await linked.call()).chunks()) chunks.push(chunk.endOfMessage)
    expect(chunks).toEqual([false, true, false])
  })

  test('a ReadableStream is a body too', async () => {
    const linked = new LinkedCalls(echo)
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(utf8('one '))
        controller.enqueue(utf8('two'))
        controller.close()
      },
    })
    expect(await (await linked.call(stream)).text()).toBe('one two')
  })

  test('a large body never waits in memory as a whole', async () => {
    const linked = new LinkedCalls(async (call) => {
      let size = 0
      for await (const bytes of call.body()) size += bytes.length
      return size
    })
    const answer = await linked.call(new Uint8Array(20 * mebibyte))
    expect(await answer.json()).toBe(20 * mebibyte)
    expect(linked.peakBytes).toBeLessThan(512 * 1024)
  })

  test('a source is not asked for more than its reader takes', async () => {
    let made = 0
    const source = async function* () {
      for (;;) {
        made += 1
        yield new Uint8Array(64 * 1024)
      }
    }
    const linked = new LinkedCalls(waiting().handler)
    const abort = new AbortController()
    const call = linked.call(source(), { signal: abort.signal })
    await settle()
    await settle()
    expect(made).toBeLessThan(8)
    abort.abort('enough')
    await expect(call).rejects.toBe('enough')
  })

  test('break cancels the call; the far source hears it', async () => {
    let stopped = false
    const linked = new LinkedCalls(async function* (call) {
      try {
        for (let i = 0; ; i++) {
          yield String(i)
          if (call.signal.aborted) return
          await Promise.resolve()
        }
      } finally {
        stopped = true
      }
    })
    for await (const message of await linked.call()) {
      if (fromUtf8(message) === '3') break
    }
    await settle()
    await settle()
    expect(linked.log).toEqual(['cancel'])
    expect(stopped).toBe(true)
    expect(linked.incoming.running).toBe(0)
  })

  test('a source that throws cancels the call and rejects with its own error', async () => {
    const { heard, handler } = waiting()
    const linked = new LinkedCalls(handler)
    const broken = async function* () {
      yield 'one'
      throw new Error('disk is gone')
    }
    await expect(linked.call(broken())).rejects.toThrow('disk is gone')
    await settle()
    expect(heard).toHaveLength(1)
  })

  test('an answer that is whole ends a request that nobody reads any more', async () => {
    let stopped = false
    const linked = new LinkedCalls(() => 'enough')
    const endless = async function* () {
      try {
        for (;;) yield new Uint8Array(64 * 1024)
      } finally {
        stopped = true
      }
    }
    const answer = await linked.call(endless())
    expect(await answer.text()).toBe('enough')
    await settle()
    expect(stopped).toBe(true)
    expect(linked.outgoing.running + linked.incoming.running).toBe(0)
  })

  test('an answer that is not wanted is given up by its disposal', async () => {
    const linked = new LinkedCalls(() => countTo(1e9))
    {
      await using answer = await linked.call()
      expect(answer.call).toHaveLength(22)
    }
    await settle()
    expect(linked.log).toEqual(['cancel'])
    expect(linked.incoming.running).toBe(0)
  })
})

describe('ending early', () => {
  test('an aborted signal rejects with its reason, and the running handler hears it', async () => {
    const { heard, handler } = waiting()
    const linked = new LinkedCalls(handler)
    const abort = new AbortController()
    const call = linked.call('x', { signal: abort.signal })
    await settle()
    expect(linked.incoming.running).toBe(1)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(call).rejects.toBe(reason)
    await settle()
    expect(heard[0]).toMatchObject({ code: 'canceled' })
    expect(linked.incoming.running).toBe(0)
  })

  test('an abort while the answer streams ends the stream', async () => {
    const linked = new LinkedCalls(() => countTo(1e9))
    const abort = new AbortController()
    const answer = await linked.call('x', { signal: abort.signal })
    const read = async () => {
      for await (const message of answer) if (fromUtf8(message) === '5') abort.abort('stop')
    }
    await expect(read()).rejects.toBe('stop')
    expect(linked.log).toEqual(['cancel'])
  })

  test('a signal that was aborted before sends nothing', async () => {
    const linked = new LinkedCalls(echo)
    await expect(linked.call('x', { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(linked.headers).toEqual([])
  })

  test('a deadline travels as milliseconds left and is kept here', async () => {
    const { heard, handler } = waiting()
    const linked = new LinkedCalls(handler)
    const call = linked.call('x', { deadlineMs: 250 })
    const verdict = expect(call).rejects.toMatchObject({ code: 'timeout' })
    await settle()
    expect(linked.headers[0]?.deadline).toBe(250)
    linked.time.advance(249)
    await settle()
    expect(linked.outgoing.running).toBe(1)
    linked.time.advance(1)
    await verdict
    await settle()
    expect(heard).toHaveLength(1)
    expect(linked.time.pending).toBe(0)
  })

  test('a deadline is kept at the far end even when the caller forgets it', async () => {
    const { heard, handler } = waiting()
    const linked = new LinkedCalls(handler)
    linked.incoming.opened(99, linked.caller, { capability: 'echo', call: 'c', deadline: 100 })
    linked.time.advance(100)
    await settle()
    expect(linked.log).toEqual(['reset timeout'])
    expect(heard[0]).toMatchObject({ code: 'timeout' })
  })

  test('a far process that ends interrupts the call', async () => {
    const linked = new LinkedCalls(waiting().handler)
    const call = linked.call('x')
    const verdict = expect(call).rejects.toMatchObject({
      code: 'interrupted',
      message: expect.stringContaining('echo on bob'),
    })
    await settle()
    linked.interrupt()
    await verdict
  })
})

describe('refusing', () => {
  test('a call that no rule allows never reaches the handler', async () => {
    let ran = false
    const linked = new LinkedCalls(() => {
      ran = true
      return undefined
    })
    linked.decision = { allowed: false, code: 'denied', by: { source: 'default' } }
    await expect(linked.call('x')).rejects.toMatchObject({
      code: 'denied',
      details: { capability: 'echo', by: 'default' },
    })
    expect(ran).toBe(false)
    expect(linked.incoming.count).toBe(0)
  })

  test('a policy that fails lets nobody in', async () => {
    const surfaced: unknown[] = []
    const listener = (error: unknown) => surfaced.push(error)
    process.once('uncaughtException', listener)
    const linked = new LinkedCalls(echo)
    Object.defineProperty(linked, 'decision', {
      get: () => {
        throw new Error('rules are broken')
      },
    })
    await expect(linked.call('x')).rejects.toMatchObject({ code: 'internal' })
    await vi.waitFor(() => expect(surfaced).toHaveLength(1))
  })

  test('without a handler the capability is not found', async () => {
    await expect(new LinkedCalls().call('x')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('what a handler throws stays here: the caller hears a code and a fixed sentence', async () => {
    const linked = new LinkedCalls(() => {
      throw new Error('password is hunter2')
    })
    const error = await linked.call('x').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'handler-failed', details: undefined })
    expect(String(error)).not.toContain('hunter2')
    expect(linked.log).toEqual(['reset handler-failed'])
  })

  test('a handler may name a code, with details that are meant for the caller', async () => {
    const linked = new LinkedCalls(() => {
      throw new MeshError('handler-failed', 'secret text', { details: { status: 500 } })
    })
    await expect(linked.call('x')).rejects.toMatchObject({
      code: 'handler-failed',
      details: { status: 500 },
    })
    expect(linked.log).toEqual(['reset handler-failed {"status":500}'])
  })

  test('a code that is not a handler’s to use becomes handler-failed', async () => {
    const linked = new LinkedCalls(() => {
      throw new MeshError('revoked')
    })
    await expect(linked.call('x')).rejects.toMatchObject({ code: 'handler-failed' })
  })

  test('details that are too large are left out', async () => {
    const linked = new LinkedCalls(() => {
      throw new MeshError('invalid', 'x', { details: { text: 'y'.repeat(5_000) } })
    })
    await expect(linked.call('x')).rejects.toMatchObject({ code: 'invalid', details: undefined })
  })

  test('an answer that fails halfway rejects the reader', async () => {
    const linked = new LinkedCalls(async function* () {
      yield 'one'
      throw new Error('half')
    })
    const answer = await linked.call('x')
    await expect(answer.text()).rejects.toMatchObject({ code: 'handler-failed' })
  })

  test('one caller cannot take every place', async () => {
    const linked = new LinkedCalls(waiting().handler)
    const calls = Array.from({ length: limits.runningCallsPerCaller + 1 }, () => linked.call('x'))
    for (const call of calls) call.catch(() => undefined)
    await expect(calls.at(-1)).rejects.toMatchObject({ code: 'busy' })
    expect(linked.incoming.running).toBe(limits.runningCallsPerCaller)
    linked.outgoing.failAll(new MeshError('canceled'))
    await settle()
    expect(linked.incoming.running).toBe(0)
  })
})
