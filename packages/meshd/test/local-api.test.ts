import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentStatus, createLocalClient, type LocalAnswer } from '@agent-mesh/api/local'
import { unixTransport } from '@agent-mesh/api/local/node'
import { MeshError } from '@agent-mesh/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from '../src/local-api/app.js'
import type { Backend, BackendAnswer } from '../src/local-api/backend.js'
import { LocalServer } from '../src/local-api/server.js'

let folder: string
let socketPath: string
let server: LocalServer | undefined
const internalErrors: unknown[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-api-'))
  socketPath = join(folder, 'meshd.sock')
})
afterEach(async () => {
  await server?.[Symbol.asyncDispose]()
  server = undefined
  internalErrors.length = 0
  rmSync(folder, { recursive: true, force: true })
})

const agent: AgentStatus = {
  name: 'bob',
  id: '7Hq3fJ2kAAAA',
  state: 'online',
  link: { kind: 'relay', relay: 'ws://127.0.0.1:1/relay/ws', rttMs: 0.4 },
  capabilities: ['echo'],
  program: { kind: 'exec', argv: ['cat'] },
  server: 'http://127.0.0.1:1',
  group: 'default',
  calls: { in: 0, out: 0, active: 0 },
  problem: null,
}

const unused = () => {
  throw new Error('this test does not ask that')
}

async function serve(overrides: Partial<Backend> = {}) {
  const backend: Backend = {
    version: () => ({ version: '0.1.0', protocol: 1, pid: process.pid }),
    status: unused,
    agents: () => [agent],
    up: unused,
    down: unused,
    reloadRules: unused,
    shutdown: unused,
    call: unused,
    ...overrides,
  }
  const onInternalError = (error: unknown) => internalErrors.push(error)
  server = await LocalServer.listen(socketPath, createApp({ backend, onInternalError }))
  return createLocalClient({ transport: unixTransport(socketPath) })
}

function answerOf(chunks: BackendAnswer['chunks'], type?: string): BackendAnswer {
  return { type, meta: {}, chunks }
}

async function textOf(answer: LocalAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const part of answer) if (part.kind === 'data') chunks.push(part.bytes)
  return Buffer.concat(chunks).toString()
}

const echo: Backend['call'] = async (_, body) =>
  answerOf(async function* () {
    for await (const bytes of body) yield { bytes, endOfMessage: false }
  })

describe('the local API', () => {
  it('answers what the contract says, on a socket of mode 0600', async () => {
    const client = await serve()
    expect(await client.version()).toEqual({ version: '0.1.0', protocol: 1, pid: process.pid })
    expect(await client.agents()).toEqual([agent])
    expect(statSync(socketPath).mode & 0o777).toBe(0o600)
  })

  it('takes the place of a socket that a dead daemon left', async () => {
    const left = createServer().listen(socketPath)
    await once(left, 'listening')
    writeFileSync(join(folder, 'other'), '')
    const client = await serve()
    expect(await client.agents()).toHaveLength(1)
    left.close()
  })

  it('removes its socket when it ends', async () => {
    await serve()
    await server?.[Symbol.asyncDispose]()
    expect(() => statSync(socketPath)).toThrow('ENOENT')
  })

  it('still answers who told it to end', async () => {
    const client = await serve({ shutdown: () => void server?.[Symbol.asyncDispose]() })
    expect(await client.shutdown()).toEqual({ pid: process.pid })
  })

  it('cuts an answer that takes too long when it ends', async () => {
    let begun = () => {}
    const isUnderWay = new Promise<void>((resolve) => {
      begun = resolve
    })
    const client = await serve({
      up: () => {
        begun()
        return new Promise<never>(() => {})
      },
    })
    const answer = expect(client.up({ name: 'bob' })).rejects.toMatchObject({ code: 'interrupted' })
    await isUnderWay
    await server?.[Symbol.asyncDispose]()
    await answer
  })

  it('says that no daemon runs when nothing listens', async () => {
    const client = createLocalClient({ transport: unixTransport(socketPath) })
    await expect(client.version()).rejects.toMatchObject({
      code: 'unreachable',
      details: { reason: 'not-running' },
    })
  })

  it('says so too where a home cannot even be', async () => {
    writeFileSync(join(folder, 'file'), '')
    const transport = unixTransport(join(folder, 'file', 'meshd.sock'))
    await expect(createLocalClient({ transport }).version()).rejects.toMatchObject({
      details: { reason: 'not-running' },
    })
  })

  it('brings an agent up with what was asked', async () => {
    const up = vi.fn(async () => agent)
    const client = await serve({ up })
    const request = { name: 'bob', program: { kind: 'exec' as const, argv: ['cat', '-'] } }
    expect(await client.up(request)).toEqual(agent)
    expect(up).toHaveBeenCalledWith(request, expect.any(AbortSignal))
  })

  it('passes errors on with code, sentence, hint and details', async () => {
    const client = await serve({
      down: async () => {
        throw new MeshError('not-found', 'no such agent', { hint: 'look', details: { a: 1 } })
      },
    })
    await expect(client.down('bob')).rejects.toMatchObject({
      code: 'not-found',
      message: 'no such agent',
      hint: 'look',
      details: { a: 1 },
    })
  })

  it('tells nothing of an error it does not know, and reports it', async () => {
    const client = await serve({
      status: () => {
        throw new TypeError('a secret path')
      },
    })
    await expect(client.status()).rejects.toMatchObject({
      code: 'internal',
      message: expect.not.stringContaining('secret'),
    })
    expect(internalErrors).toHaveLength(1)
  })

  it.each([
    ['a body that is no JSON', '/v1/agents', '{', 400, 'body: is not JSON'],
    ['a body without a name', '/v1/agents', '{}', 400, 'body.name: is missing'],
    ['a name that is a path', '/v1/agents', '{"name":"../key"}', 400, 'body.name: must be'],
    [
      'no argv',
      '/v1/agents',
      '{"name":"a","program":{"kind":"exec","argv":[]}}',
      400,
      'body.program.argv',
    ],
    [
      'a URL of another kind',
      '/v1/agents',
      '{"name":"a","server":"file:///x"}',
      400,
      'body.server: must be',
    ],
    ['a call without a target', '/v1/calls?capability=echo', '', 400, 'query.target: is missing'],
    ['a capability with a star', '/v1/calls?target=bob&capability=*', '', 400, 'query.capability'],
    [
      'a timeout that is no number',
      '/v1/calls?target=b&capability=e&timeoutMs=x',
      '',
      400,
      'query.timeoutMs',
    ],
    ['a path that is none', '/v1/nothing', '', 404, 'meshd has no POST /v1/nothing'],
  ])('refuses %s as a problem document', async (_, path, body, status, sentence) => {
    await serve()
    const response = await post(path, body)
    expect(response.status).toBe(status)
    expect(response.type).toBe('application/problem+json')
    expect(response.problem.detail).toContain(sentence)
  })

  it('reads no more of a description than it may be long', async () => {
    await serve()
    const response = await post('/v1/agents', `{"name":"${'x'.repeat(1024 * 1024)}"}`)
    expect([response.status, response.problem.code]).toEqual([413, 'too-large'])
  })
})

describe('a call over the local API', () => {
  const call = { target: 'bob', capability: 'echo' }

  it('carries options in the query, bytes up, and the answer with its type down', async () => {
    const asked = vi.fn(async (_: unknown, body: AsyncIterable<Uint8Array>) =>
      answerOf(async function* () {
        for await (const bytes of body) yield { bytes, endOfMessage: true }
      }, 'text/plain'),
    )
    const client = await serve({ call: asked })
    const options = { as: 'alice', timeoutMs: 5000, type: 'text/plain', traceparent: '00-1' }
    const answer = await client.call({ ...call, ...options, body: Buffer.from('hi') })
    expect(answer.header.type).toBe('text/plain')
    expect(await textOf(answer)).toBe('hi')
    expect(asked.mock.calls[0]?.[0]).toEqual({ ...call, ...options })
  })

  it('keeps the borders of messages', async () => {
    const client = await serve({
      call: async () =>
        answerOf(async function* () {
          yield { bytes: Buffer.from('a'), endOfMessage: false }
          yield { bytes: Buffer.from('b'), endOfMessage: true }
          yield { bytes: Buffer.from('c'), endOfMessage: true }
        }),
    })
    const parts: string[] = []
    for await (const part of await client.call(call)) {
      parts.push(part.kind === 'data' ? Buffer.from(part.bytes).toString() : '|')
    }
    expect(parts.join('')).toBe('ab|c|')
  })

  it('streams both ways at once', async () => {
    const client = await serve({ call: echo })
    const turns: (() => void)[] = []
    async function* body() {
      for (const word of ['one', 'two', 'three']) {
        yield Buffer.from(word)
        await new Promise<void>((resolve) => turns.push(resolve))
      }
    }
    const heard: string[] = []
    for await (const part of await client.call({ ...call, body: body() })) {
      if (part.kind !== 'data') continue
      heard.push(Buffer.from(part.bytes).toString())
      await vi.waitFor(() => expect(turns).toHaveLength(heard.length))
      turns.at(-1)?.()
    }
    expect(heard).toEqual(['one', 'two', 'three'])
  })

  it('is heard of before the first byte of its body', async () => {
    const client = await serve({
      call: async () =>
        answerOf(async function* () {
          yield { bytes: Buffer.from('already'), endOfMessage: true }
        }),
    })
    async function* later() {
      await new Promise(() => {})
      yield Buffer.alloc(0)
    }
    const answer = await client.call({ ...call, body: later() })
    expect(await textOf(answer)).toBe('already')
  })

  it('throws what failed before the answer began', async () => {
    const client = await serve({
      call: async () => {
        throw new MeshError('denied', 'alice may not', { hint: 'meshctl acl allow' })
      },
    })
    async function* endless() {
      for (;;) yield Buffer.alloc(65536)
    }
    await expect(client.call({ ...call, body: endless() })).rejects.toMatchObject({
      code: 'denied',
      message: 'alice may not',
      hint: 'meshctl acl allow',
    })
  })

  it('throws what failed in the middle of the answer, after what came before it', async () => {
    const client = await serve({
      call: async () =>
        answerOf(async function* () {
          yield { bytes: Buffer.from('begun'), endOfMessage: false }
          throw new MeshError('handler-failed', 'exit code 3', { details: { exitCode: 3 } })
        }),
    })
    const answer = await client.call(call)
    let text = ''
    const reading = (async () => {
      for await (const part of answer) if (part.kind === 'data') text += Buffer.from(part.bytes)
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'handler-failed',
      details: { exitCode: 3 },
    })
    expect(text).toBe('begun')
  })

  it('is cancelled by closing the request before the answer', async () => {
    const abort = new AbortController()
    const client = await serve({
      call: (_, __, signal) => {
        const cancelled = once(signal, 'abort').then(() => Promise.reject(signal.reason))
        abort.abort(new MeshError('canceled'))
        heard = cancelled.catch(() => 'heard')
        return cancelled
      },
    })
    let heard: Promise<string> | undefined
    const calling = client.call(call, { signal: abort.signal })
    await expect(calling).rejects.toMatchObject({ code: 'canceled' })
    expect(await heard).toBe('heard')
  })

  it('is cancelled by leaving the answer', async () => {
    let left: (value: string) => void = () => {}
    const heard = new Promise<string>((resolve) => {
      left = resolve
    })
    const client = await serve({
      call: async () =>
        answerOf(async function* () {
          try {
            for (;;) yield { bytes: Buffer.alloc(16 * 1024), endOfMessage: false }
          } finally {
            left('left')
          }
        }),
    })
    for await (const _ of await client.call(call)) break
    expect(await heard).toBe('left')
  })

  it('takes from a source only what its reader takes', async () => {
    let produced = 0
    const client = await serve({
      call: async () =>
        answerOf(async function* () {
          for (; produced < 1000; produced++) {
            yield { bytes: Buffer.alloc(64 * 1024), endOfMessage: false }
          }
        }),
    })
    const answer = await client.call(call)
    const parts = answer[Symbol.asyncIterator]()
    await parts.next()
    // What fits into socket and stream buffers is taken ahead, and then no more.
    let before = -1
    await vi.waitFor(() => {
      const now = produced
      const settled = now === before
      before = now
      expect(settled).toBe(true)
    }, 10_000)
    expect(produced).toBeLessThan(100)
    await answer[Symbol.asyncDispose]()
  })
})

interface ProblemAnswer {
  readonly status: number
  readonly type: string
  readonly problem: { readonly code?: string; readonly detail?: string }
}

async function post(path: string, body: string): Promise<ProblemAnswer> {
  const options = { socketPath, path, method: 'POST', agent: false, headers: { host: 'meshd' } }
  const sent = request(options)
  // The daemon may answer, and close, before it has read all of the body.
  sent.on('error', () => {})
  const responded = once(sent, 'response') as Promise<[IncomingMessage]>
  sent.end(body)
  const [response] = await responded
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return {
    status: response.statusCode ?? 0,
    type: String(response.headers['content-type']),
    problem: JSON.parse(text) as ProblemAnswer['problem'],
  }
}
