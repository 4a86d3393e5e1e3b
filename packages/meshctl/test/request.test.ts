import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../src/program.js'
import { type FakeCall, FakeDaemon } from './fake-daemon.js'
import { type FakeIoOptions, fakeIo } from './fake-io.js'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'meshctl-'))
})
afterEach(() => rm(home, { recursive: true }))

interface Request extends Omit<FakeIoOptions, 'env'> {
  readonly args?: readonly string[]
  readonly onCall: (call: FakeCall) => void | Promise<void>
}

function begin({ args = [], ...options }: Request) {
  const fake = fakeIo({ ...options, env: { MESH_HOME: home } })
  const words = ['request', '--as', 'alice', '--target', 'bob', '--capability', 'echo', ...args]
  return { fake, code: main(words, fake.io) }
}

async function request(options: Request) {
  await using _daemon = await FakeDaemon.listen(join(home, 'meshd.sock'), options)
  const { fake, code } = begin(options)
  return { code: await code, fake }
}

const echo = async (call: FakeCall) => {
  call.send({ kind: 'header', header: {} })
  call.send({ kind: 'data', bytes: await call.body() })
  call.end()
}

describe('request', () => {
  it('sends JSON as it was typed and says what it is', async () => {
    let query = new URLSearchParams()
    const { code, fake } = await request({
      args: ['--payload', '{ "a": 1 }', '--timeout', '5s'],
      onCall: (call) => {
        query = call.query
        return echo(call)
      },
    })
    expect({ code, stdout: fake.stdout, stderr: fake.stderr }).toEqual({
      code: 0,
      stdout: '{ "a": 1 }',
      stderr: '',
    })
    expect(Object.fromEntries(query)).toEqual({
      as: 'alice',
      target: 'bob',
      capability: 'echo',
      type: 'application/json',
      timeoutMs: '5000',
    })
  })

  it('sends a file and stdin byte for byte', async () => {
    const bytes = randomBytes(3_000_000)
    const file = join(home, 'photo.bin')
    await writeFile(file, bytes)
    for (const [payload, stdin] of [
      [`@${file}`, ''],
      ['-', bytes],
    ] as const) {
      const { code, fake } = await request({ args: ['--payload', payload], stdin, onCall: echo })
      expect(code).toBe(0)
      expect(sha256(fake.stdoutBytes)).toBe(sha256(bytes))
    }
  })

  it.each([
    ['@file.json', [], 'application/json'],
    ['@file.txt', [], 'application/octet-stream'],
    ['-', ['--content-type', 'text/plain; charset=utf-8'], 'text/plain; charset=utf-8'],
  ])('calls the payload %s of %j %s', async (payload, args, expected) => {
    const path = payload.startsWith('@') ? `@${join(home, payload.slice(1))}` : payload
    if (payload.startsWith('@')) await writeFile(path.slice(1), '1')
    let type: string | null = null
    await request({
      args: ['--payload', path, ...args],
      onCall: (call) => {
        type = call.query.get('type')
        return echo(call)
      },
    })
    expect(type).toBe(expected)
  })

  it('writes each part of the answer when it comes', async () => {
    let release = () => {}
    const waiting = new Promise<void>((resolve) => {
      release = resolve
    })
    await using _daemon = await FakeDaemon.listen(join(home, 'meshd.sock'), {
      onCall: async (call) => {
        call.send({ kind: 'header', header: {} })
        call.send({ kind: 'data', bytes: Buffer.from('one') })
        call.send({ kind: 'end-of-message' })
        await waiting
        call.send({ kind: 'data', bytes: Buffer.from('two') })
        call.send({ kind: 'end-of-message' })
        call.end()
      },
    })
    const { fake, code } = begin({ args: ['--stream'], onCall: () => {} })
    await expect.poll(() => fake.stdout).toBe('one\n')
    release()
    expect(await code).toBe(0)
    expect(fake.stdout).toBe('one\ntwo\n')
  })

  it("tells the daemon's failure with its code, and keeps what came before it", async () => {
    const { code, fake } = await request({
      onCall: (call) => {
        call.send({ kind: 'header', header: {} })
        call.send({ kind: 'data', bytes: Buffer.from('half') })
        call.send({
          kind: 'error',
          error: new MeshError('handler-failed', 'bob failed: exit 1', { hint: 'look at its log' }),
        })
      },
    })
    expect(fake.stdout).toBe('half')
    expect(fake.stderr).toBe('error: handler-failed: bob failed: exit 1\nhint:  look at its log\n')
    expect(code).toBe(9)
  })

  it('says so when the daemon goes away in the middle', async () => {
    const daemon = await FakeDaemon.listen(join(home, 'meshd.sock'), {
      onCall: (call) => {
        call.send({ kind: 'header', header: {} })
        call.send({ kind: 'data', bytes: Buffer.from('half') })
      },
    })
    const { fake, code } = begin({ onCall: () => {} })
    await expect.poll(() => fake.stdout).toBe('half')
    await daemon[Symbol.asyncDispose]()
    expect(await code).toBe(11)
    expect(fake.stderr).toMatch(/^error: interrupted: /)
  })

  it('closes the call on Ctrl-C, says so, and ends with 130', async () => {
    let canceled: Promise<void> | undefined
    await using _daemon = await FakeDaemon.listen(join(home, 'meshd.sock'), {
      onCall: (call) => {
        canceled = call.canceled
        call.send({ kind: 'header', header: {} })
      },
    })
    const { fake, code } = begin({ onCall: () => {} })
    await expect.poll(() => canceled !== undefined).toBe(true)
    fake.interrupt()
    expect(await code).toBe(130)
    await canceled
    expect(fake.stderr).toBe('error: canceled: stopped by you\n')
  })

  it('ends although stdin never does', async () => {
    await using _daemon = await FakeDaemon.listen(join(home, 'meshd.sock'), {
      onCall: (call) => {
        call.send({ kind: 'header', header: {} })
        call.end()
      },
    })
    const { fake, code } = begin({ args: ['--payload', '-'], onCall: () => {} })
    expect(await code).toBe(0)
    expect(fake.io.stdin.destroyed).toBe(true)
  })
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
