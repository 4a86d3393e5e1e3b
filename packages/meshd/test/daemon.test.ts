import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentStatus, createLocalClient } from '@agent-mesh/api/local'
import { unixTransport } from '@agent-mesh/api/local/node'
import { SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { writeKeyFile } from '@agent-mesh/sdk/node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../src/config.js'
import { type Daemon, startDaemon } from '../src/daemon.js'
import { State } from '../src/state/state.js'

// Port 9 of loopback discards, where it exists at all: nothing answers there.
const nowhere = 'http://127.0.0.1:9'

let folder: string
let daemon: Daemon | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daemon-'))
})
afterEach(async () => {
  await daemon?.[Symbol.asyncDispose]()
  daemon = undefined
  rmSync(folder, { recursive: true, force: true })
})

function configOf(home = join(folder, 'home')) {
  const { PATH } = process.env
  return readConfig({ PATH, XDG_RUNTIME_DIR: join(folder, 'run') }, home)
}

async function start(config = configOf()) {
  daemon = await startDaemon(config)
  return createLocalClient({ transport: unixTransport(config.socketPath) })
}

async function makeKey(name: string): Promise<string> {
  const path = join(folder, 'home', 'keys', `${name}.key`)
  await writeKeyFile(path, SecretKey.generate(nodeCrypto), { overwrite: true })
  return path
}

/** `up` towards a server that is not there: the agent is kept, the caller leaves. */
async function upWithoutServer(
  client: Awaited<ReturnType<typeof start>>,
  name: string,
  fits: (agent: AgentStatus) => boolean = () => true,
) {
  const leave = new AbortController()
  const up = client.up(
    { name, server: nowhere, capabilities: ['echo'], program: { kind: 'exec', argv: ['cat'] } },
    { signal: leave.signal },
  )
  const isThere = async () => {
    const [agent] = await client.agents()
    expect(agent?.name === name && fits(agent)).toBe(true)
  }
  await Promise.race([up, vi.waitFor(isThere, 20_000)])
  leave.abort(new Error('left'))
  await expect(up).rejects.toThrow('left')
}

describe('a daemon', () => {
  it('makes its home, answers, and leaves no socket behind', async () => {
    const config = configOf()
    const client = await start(config)
    expect(await client.version()).toEqual({ version: '0.1.0', protocol: 1, pid: process.pid })
    expect(await client.status()).toMatchObject({
      daemon: { pid: process.pid, followRegistry: false },
      server: { url: null, state: 'none' },
      agents: [],
    })
    await daemon?.[Symbol.asyncDispose]()
    expect(() => statSync(config.socketPath)).toThrow('ENOENT')
  })

  it('is alone in its home, and says who has it', async () => {
    await start()
    await expect(startDaemon(configOf())).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/^meshd is already running on .*, pid \d+$/),
    })
  })

  it('leaves the home to the next one', async () => {
    await start()
    await daemon?.[Symbol.asyncDispose]()
    expect((await (await start()).version()).pid).toBe(process.pid)
  })

  it('serves a home whose path is too long for a socket', async () => {
    const config = configOf(join(folder, 'x'.repeat(120)))
    expect(config.socketPath).toMatch(/run\/agent-mesh\/[0-9a-f]{16}\.sock$/)
    const client = await start(config)
    expect((await client.version()).pid).toBe(process.pid)
    expect(statSync(join(folder, 'run', 'agent-mesh')).mode & 0o777).toBe(0o700)
  })

  it('serves a home that is a symbolic link to a private folder', async () => {
    mkdirSync(join(folder, 'elsewhere'), { mode: 0o700 })
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'home'))
    expect((await (await start()).version()).pid).toBe(process.pid)
  })

  it('does not start with a broken rules file', async () => {
    await start()
    await daemon?.[Symbol.asyncDispose]()
    writeFileSync(join(folder, 'home', 'rules.toml'), '[[rules]')
    await expect(startDaemon(configOf())).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('rules.toml, line 1'),
    })
  })

  it('refuses to bring up an agent without a key, or with one that others can read', async () => {
    const client = await start()
    const request = { name: 'bob', server: nowhere }
    await expect(client.up(request)).rejects.toMatchObject({ code: 'config' })
    chmodSync(await makeKey('bob'), 0o644)
    await expect(client.up(request)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('chmod 600'),
    })
    expect(await client.agents()).toEqual([])
  })

  it('keeps trying for an agent whose server is away, and shows why', async () => {
    const client = await start()
    await makeKey('bob')
    await upWithoutServer(client, 'bob')
    await vi.waitFor(async () => {
      const { server, agents } = await client.status()
      expect(server).toEqual({ url: nowhere, state: 'unreachable' })
      expect(agents).toMatchObject([
        { state: 'offline', link: { kind: 'none', relay: null, rttMs: null } },
      ])
      expect(agents[0]?.problem).toMatch(/\w/)
    }, 20_000)
  })

  it('brings up every agent of its state when it starts again', async () => {
    const client = await start()
    await makeKey('bob')
    await upWithoutServer(client, 'bob')
    await daemon?.[Symbol.asyncDispose]()
    const next = await start()
    await vi.waitFor(async () =>
      expect(await next.agents()).toMatchObject([
        { name: 'bob', capabilities: ['echo'], program: { kind: 'exec', argv: ['cat'] } },
      ]),
    )
  })

  it('shows an agent whose key is gone as offline with the reason, and forgets it on request', async () => {
    const client = await start()
    const key = await makeKey('bob')
    await upWithoutServer(client, 'bob')
    await daemon?.[Symbol.asyncDispose]()
    rmSync(key)
    const next = await start()
    await vi.waitFor(async () =>
      expect(await next.agents()).toMatchObject([
        { name: 'bob', state: 'offline', problem: expect.stringContaining('bob.key') },
      ]),
    )
    await expect(next.call({ target: 'eve', capability: 'echo' })).rejects.toMatchObject({
      code: 'config',
    })
    expect(await next.down('bob')).toEqual({ name: 'bob', agents: 0 })
    await expect(next.down('bob')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('shows a revoked agent as such, and brings it up only with a new key', async () => {
    const client = await start()
    await makeKey('bob')
    await upWithoutServer(client, 'bob')
    await daemon?.[Symbol.asyncDispose]()
    const state = new State(join(folder, 'home'))
    for (const agent of state.agents.all()) state.agents.markRevoked(agent, Date.now())
    state[Symbol.dispose]()

    const next = await start()
    const revoked = { name: 'bob', state: 'revoked', problem: 'the key of bob was revoked' }
    expect(await next.agents()).toMatchObject([revoked])
    await expect(next.up({ name: 'bob' })).rejects.toMatchObject({ code: 'revoked' })
    await expect(next.call({ target: 'eve', capability: 'echo' })).rejects.toMatchObject({
      code: 'revoked',
    })
    await makeKey('bob')
    await upWithoutServer(next, 'bob', ({ state }) => state !== 'revoked')
  })

  it('asks who speaks when it cannot be told', async () => {
    const client = await start()
    const call = { target: 'eve', capability: 'echo' }
    await expect(client.call(call)).rejects.toMatchObject({ code: 'usage' })
    await expect(client.call({ ...call, as: 'bob' })).rejects.toMatchObject({
      code: 'unknown-agent',
      hint: 'meshctl up --name bob',
    })
  })

  it('takes new rules without a restart, and keeps the old ones when they are broken', async () => {
    const client = await start()
    const rules = join(folder, 'home', 'rules.toml')
    writeFileSync(rules, '[[rules]]\neffect = "allow"\nfrom = "*"\nto = "*"\ncapability = "echo"\n')
    expect(await client.reloadRules()).toEqual({ rules: 1 })
    writeFileSync(rules, 'rules = [')
    await expect(client.reloadRules()).rejects.toMatchObject({ code: 'config' })
  })

  it('answers the wish that it end before it does', async () => {
    const client = await start()
    expect(await client.shutdown()).toEqual({ pid: process.pid })
    await daemon?.shutdownAsked
  })

  it('logs what it does, and neither keys nor bodies', async () => {
    const client = await start()
    const secret = readFileSync(await makeKey('bob'), 'utf8').trim()
    await upWithoutServer(client, 'bob')
    await daemon?.[Symbol.asyncDispose]()
    const log = readFileSync(join(folder, 'home', 'logs', 'meshd.log'), 'utf8')
    const events = log
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event)
    expect(events).toEqual(expect.arrayContaining(['daemon-started', 'agent-up', 'daemon-ended']))
    expect(log).not.toContain(secret.slice(-20))
  })
})
