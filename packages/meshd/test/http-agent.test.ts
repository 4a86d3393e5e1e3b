import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MeshError } from '@agent-mesh/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Activity } from '../src/activity.js'
import { HttpAgent } from '../src/local-agents/http.js'
import type { LocalAgentAnswer, LocalAgentCall } from '../src/local-agents/local-agent.js'
import { Slots } from '../src/local-agents/slots.js'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

async function agentOf(handler: Handler, slots = new Slots({ running: 4, queued: 4 })) {
  server = createServer((request, response) => void handler(request, response)).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/agent?x=1`
  return new HttpAgent({ url, secret: 'the secret', slots, activity: new Activity() })
}

function callOf(overrides: Partial<LocalAgentCall> = {}): LocalAgentCall {
  return {
    id: 'call-1',
    caller: 'f2Ba9xQ1',
    capability: 'echo',
    attempt: 1,
    body: bodyOf(),
    signal: new AbortController().signal,
    ...overrides,
  }
}

async function* bodyOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function textOf(answer: LocalAgentAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const { bytes } of answer.body) chunks.push(bytes)
  return Buffer.concat(chunks).toString()
}

async function nextText(chunks: AsyncIterator<{ bytes: Uint8Array }>): Promise<string> {
  const next = await chunks.next()
  return next.done === true ? '' : Buffer.from(next.value.bytes).toString()
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('an HTTP agent', () => {
  it('gets one POST with the body as it was sent and the facts of the call', async () => {
    const seen: {
      method?: string
      url?: string
      headers: IncomingMessage['headers']
      body: string
    }[] = []
    const agent = await agentOf(async (request, response) => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body: String(await bytesOf(request)) })
      response.setHeader('content-type', 'application/json').end('{"ok":true}')
    })
    const answer = await agent.answer(
      callOf({
        callerName: 'alice',
        deadlineMs: 900,
        trace,
        type: 'application/json',
        body: bodyOf('{"a"', ':1}'),
      }),
    )
    expect(answer.type).toBe('application/json')
    expect(await textOf(answer)).toBe('{"ok":true}')
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/agent?x=1', body: '{"a":1}' })
    expect(seen[0]?.headers).toMatchObject({
      'mesh-caller': 'f2Ba9xQ1',
      'mesh-caller-name': 'alice',
      'mesh-capability': 'echo',
      'mesh-call-id': 'call-1',
      'mesh-attempt': '1',
      'mesh-deadline-ms': '900',
      'mesh-secret': 'the secret',
      traceparent: trace,
      'content-type': 'application/json',
      'content-length': '7',
    })
  })

  it('gets a long body as a stream', async () => {
    let length = 0
    let headers: IncomingMessage['headers'] = {}
    const agent = await agentOf(async (request, response) => {
      headers = request.headers
      length = (await bytesOf(request)).length
      response.end()
    })
    async function* long() {
      for (let i = 0; i < 100; i++) yield Buffer.alloc(64 * 1024)
    }
    await textOf(await agent.answer(callOf({ body: long() })))
    expect(length).toBe(100 * 64 * 1024)
    expect(headers['transfer-encoding']).toBe('chunked')
  })

  it('answers while its program still writes', async () => {
    let finish = () => {}
    const agent = await agentOf((_, response) => {
      response.write('first')
      finish = () => response.end('second')
    })
    const chunks = (await agent.answer(callOf())).body[Symbol.asyncIterator]()
    expect(await nextText(chunks)).toBe('first')
    finish()
    expect(await nextText(chunks)).toBe('second')
    expect((await chunks.next()).done).toBe(true)
  })

  it('sends each event of an event stream as a message', async () => {
    const agent = await agentOf((_, response) => {
      response.setHeader('content-type', 'text/event-stream; charset=utf-8')
      response.end('data: one\n\ndata: two\ndata: more\n\ndata: cut')
    })
    const messages: string[] = []
    let open = ''
    for await (const { bytes, endOfMessage } of (await agent.answer(callOf())).body) {
      open += Buffer.from(bytes)
      if (!endOfMessage) continue
      messages.push(open)
      open = ''
    }
    expect(messages).toEqual(['data: one\n\n', 'data: two\ndata: more\n\n'])
    expect(open).toBe('data: cut')
  })

  it.each([404, 500, 302])(
    'fails the call on status %i with the start of its body',
    async (status) => {
      const agent = await agentOf((_, response) => {
        response.statusCode = status
        response.end('x'.repeat(5000))
      })
      await expect(agent.answer(callOf())).rejects.toMatchObject({
        code: 'handler-failed',
        details: { status, body: 'x'.repeat(1024) },
      })
    },
  )

  it('says so when nothing listens', async () => {
    const agent = await agentOf(() => {})
    server?.close()
    await once(server as Server, 'close')
    await expect(agent.answer(callOf())).rejects.toMatchObject({
      code: 'handler-failed',
      message: expect.stringContaining('refuses connections'),
    })
  })

  it('never takes an answer that was cut off for a whole one', async () => {
    const agent = await agentOf((_, response) => {
      response.write('half', () => response.destroy())
    })
    const answer = await agent.answer(callOf())
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'handler-failed' })
  })

  it('hears the cancel as the end of its request, before and during the answer', async () => {
    const closed: string[] = []
    const agent = await agentOf((request, response) => {
      response.on('close', () => closed.push(String(request.headers['mesh-call-id'])))
      if (request.headers['mesh-call-id'] === 'during') response.write('begun')
    })
    for (const id of ['before', 'during']) {
      const cancel = new AbortController()
      const reading = agent.answer(callOf({ id, signal: cancel.signal })).then(textOf)
      await vi.waitFor(() => expect(connections()).resolves.toBe(1))
      cancel.abort(new MeshError('canceled'))
      await expect(reading).rejects.toMatchObject({ code: 'canceled' })
      await vi.waitFor(() => expect(closed).toContain(id))
    }
  })

  it('gives its slot back when its reader leaves', async () => {
    const slots = new Slots({ running: 1, queued: 0 })
    const agent = await agentOf((_, response) => {
      response.write('begun')
    }, slots)
    for await (const _ of (await agent.answer(callOf())).body) break
    await vi.waitFor(() => expect(slots.running).toBe(0))
  })

  it('may answer without reading a body that has no end', async () => {
    const agent = await agentOf((_, response) => void response.end('enough'))
    async function* endless() {
      for (;;) yield Buffer.alloc(64 * 1024)
    }
    expect(await textOf(await agent.answer(callOf({ body: endless() })))).toBe('enough')
  })

  it('never sends a body that broke off as a whole one', async () => {
    const ended = vi.fn()
    const agent = await agentOf((request) => {
      request.on('end', ended).on('error', () => {})
      request.resume()
    })
    async function* broken() {
      yield Buffer.alloc(100_000)
      throw new MeshError('interrupted')
    }
    await expect(agent.answer(callOf({ body: broken() }))).rejects.toMatchObject({
      code: 'interrupted',
    })
    expect(ended).not.toHaveBeenCalled()
  })
})

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server?.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
