import { readFile } from 'node:fs/promises'
import type { LocalAnswer, LocalClient } from '@agent-mesh/api/local'
import { MeshError } from '@agent-mesh/core'
import { eventually, gone, HttpAgent } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Mesh } from './fixtures.js'

let mesh: Mesh
let client: LocalClient

beforeAll(async () => {
  mesh = await Mesh.withEcho()
  client = mesh.home.daemon
})
afterAll(async () => mesh?.[Symbol.asyncDispose]())

/** An agent whose program is a shell script, and whom alice may call. */
async function shellAgent(name: string, script: string): Promise<void> {
  await mesh.up(name, '--capability', 'run', '--', '/bin/sh', '-c', script)
  await mesh.allow('alice', name, 'run')
}

function callTo(
  target: string,
  more: Partial<Parameters<LocalClient['call']>[0]> = {},
  signal?: AbortSignal,
) {
  const call = { as: 'alice', target, capability: 'run', ...more }
  return client.call(call, signal ? { signal } : {})
}

async function bytesOf(answer: LocalAnswer): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const part of answer) if (part.kind === 'data') chunks.push(part.bytes)
  return Buffer.concat(chunks)
}

async function* blocks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(64 * 1024, index)
}

async function pidIn(file: string): Promise<number> {
  const read = async () =>
    Number(await readFile(mesh.home.folder.file(file), 'utf8').catch(() => 0))
  return eventually(async () => (await read()) || undefined, { what: `a pid in ${file}` })
}

describe('a command behind the daemon', () => {
  it('that fails is told to the caller with its exit code and last words', async () => {
    await shellAgent('failing', 'echo first >&2; echo disk full >&2; exit 3')
    await expect(callTo('failing')).rejects.toMatchObject({
      code: 'handler-failed',
      message: 'failing could not handle run: exit code 3: disk full',
      details: { exitCode: 3, stderr: 'first\ndisk full' },
    })
  })

  it('that fails in the middle of its answer fails the answer, after what it said', async () => {
    await shellAgent('breaking', 'echo begun; sleep 0.2; echo broken >&2; exit 4')
    const answer = await callTo('breaking')
    let text = ''
    const reading = (async () => {
      for await (const part of answer) if (part.kind === 'data') text += Buffer.from(part.bytes)
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'handler-failed',
      message: 'breaking could not handle run: exit code 4: broken',
    })
    expect(text).toBe('begun\n')
  })

  it('that is not there is named', async () => {
    await mesh.up('missing', '--capability', 'run', '--', '/nowhere/agent')
    await mesh.allow('alice', 'missing', 'run')
    await expect(callTo('missing')).rejects.toMatchObject({
      code: 'handler-failed',
      message: expect.stringContaining('/nowhere/agent'),
    })
  })

  it('that reads none of a large body answers all the same', async () => {
    await shellAgent('deaf', 'exec 0<&-; echo done')
    expect(String(await bytesOf(await callTo('deaf', { body: blocks(400) })))).toBe('done\n')
  })

  it('that writes for ever ends when its reader leaves', async () => {
    await shellAgent('endless', `echo $$ > ${mesh.home.folder.file('endless')}; exec yes`)
    for await (const part of await callTo('endless')) if (part.kind === 'data') break
    await gone(await pidIn('endless'))
  })

  it('that hangs ends on cancel, with everything it started', async () => {
    const file = mesh.home.folder.file('grandchild')
    const grandchild = `trap "" TERM; echo $$ > ${file}; while :; do sleep 1; done`
    await shellAgent('hanging', `sh -c '${grandchild}' & wait`)
    const cancel = new AbortController()
    const calling = callTo('hanging', {}, cancel.signal)
    const pid = await pidIn('grandchild')
    cancel.abort(new MeshError('canceled', 'enough'))
    await expect(calling).rejects.toMatchObject({ code: 'canceled' })
    await gone(pid)
  })

  it('ends when the time of its call is over', async () => {
    await shellAgent('slow', `echo $$ > ${mesh.home.folder.file('slow')}; exec sleep 300`)
    await expect(callTo('slow', { timeoutMs: 2_000 })).rejects.toMatchObject({ code: 'timeout' })
    await gone(await pidIn('slow'))
  })

  it('is told who calls, for what, and how long it has', async () => {
    await shellAgent('curious', 'env | grep ^MESH_ | sort')
    const answer = await callTo('curious', { timeoutMs: 30_000, type: 'text/x' })
    const lines = String(await bytesOf(answer))
      .trim()
      .split('\n')
    const facts: Record<string, string | undefined> = Object.fromEntries(
      lines.map((line) => line.split('=', 2) as [string, string]),
    )
    const [alice] = (await client.agents()).filter(({ name }) => name === 'alice')
    expect(facts).toMatchObject({
      MESH_CALLER: alice?.id,
      MESH_CALLER_NAME: 'alice',
      MESH_CAPABILITY: 'run',
      MESH_ATTEMPT: '1',
      MESH_CONTENT_TYPE: 'text/x',
      MESH_CALL_ID: expect.stringMatching(/^[\w-]{22}$/),
    })
    expect(Number(facts['MESH_DEADLINE_MS'])).toBeGreaterThan(10_000)
  })

  it('is not asked for what the agent does not offer', async () => {
    await mesh.allow('alice', 'bob', '*')
    await expect(callTo('bob', { capability: 'other' })).rejects.toMatchObject({
      code: 'not-found',
      message: 'bob offers no other',
    })
    await expect(callTo('alice', { as: 'bob', capability: 'echo' })).rejects.toMatchObject({
      code: 'denied',
    })
  })
})

describe('an HTTP server behind the daemon', () => {
  let agent: HttpAgent
  beforeAll(async () => {
    agent = await HttpAgent.start()
    await mesh.up('web', '--capability', 'run', '--http', agent.url)
    await mesh.allow('alice', 'web', 'run')
  })
  afterAll(async () => agent?.[Symbol.asyncDispose]())

  it('gets the call with its caller and the secret, and answers with a type', async () => {
    const calling = callTo('web', { body: Buffer.from('{"a":1}'), type: 'application/json' })
    const call = await agent.nextCall()
    expect(String(await call.body())).toBe('{"a":1}')
    const secret = await readFile(`${mesh.home.path}/keys/web.http-secret`, 'utf8')
    expect(call.headers).toMatchObject({
      'mesh-caller-name': 'alice',
      'mesh-capability': 'run',
      'mesh-secret': secret.trim(),
      'content-type': 'application/json',
      'content-length': '7',
    })
    call.response.setHeader('content-type', 'text/plain')
    call.end('fine')
    const answer = await calling
    expect([answer.header.type, String(await bytesOf(answer))]).toEqual(['text/plain', 'fine'])
  })

  it('streams events, each as a message, while it makes them', async () => {
    const calling = callTo('web')
    const call = await agent.nextCall()
    call.response.setHeader('content-type', 'text/event-stream')
    await call.write('data: one\n\n')
    const parts = (await calling)[Symbol.asyncIterator]()
    expect(await nextMessage(parts)).toBe('data: one\n\n')
    call.end('data: two\n\n')
    expect(await nextMessage(parts)).toBe('data: two\n\n')
    expect((await parts.next()).done).toBe(true)
  })

  it('fails the call with its status and the start of what it says', async () => {
    const calling = callTo('web')
    const call = await agent.nextCall()
    call.response.statusCode = 503
    call.end('no model loaded')
    await expect(calling).rejects.toMatchObject({
      code: 'handler-failed',
      message: 'web could not handle run: its program answered with status 503: no model loaded',
      details: { status: 503, body: 'no model loaded' },
    })
  })

  it('hears the cancel as the end of its request', async () => {
    const cancel = new AbortController()
    const calling = callTo('web', {}, cancel.signal)
    const call = await agent.nextCall()
    cancel.abort(new MeshError('canceled'))
    await expect(calling).rejects.toMatchObject({ code: 'canceled' })
    await call.canceled
  })

  it('gets and gives bodies of many megabytes', async () => {
    const calling = callTo('web', { body: blocks(160) })
    const call = await agent.nextCall()
    const body = await call.body()
    expect(body.length).toBe(160 * 64 * 1024)
    call.end(body)
    expect((await bytesOf(await calling)).equals(body)).toBe(true)
  })
})

async function nextMessage(parts: AsyncIterator<{ kind: string; bytes?: Uint8Array }>) {
  let text = ''
  for (;;) {
    const { done, value } = await parts.next()
    if (done || value.kind === 'end-of-message') return text
    text += Buffer.from(value.bytes ?? [])
  }
}
