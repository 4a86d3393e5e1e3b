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
import { createKeypair, parseAgentId, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readArguments, readConfig } from '../src/config.js'
import { prepareHome } from '../src/home.js'
import { HomeLock } from '../src/home-lock.js'
import { httpSecretOf } from '../src/keys/http-secret.js'
import { LogFile } from '../src/log-file.js'
import { Policy } from '../src/policy.js'
import type { AgentRecord } from '../src/state/agents-table.js'
import { State } from '../src/state/state.js'

let folder: string
let home: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'home-'))
  home = join(folder, 'mesh')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

describe('MESH_HOME', () => {
  it('is made with its folders, for its user alone', () => {
    prepareHome(home)
    expect([home, join(home, 'keys'), join(home, 'logs')].map(modeOf)).toEqual([
      '700',
      '700',
      '700',
    ])
    prepareHome(home)
  })

  it('is refused when it is open to others, with the command that helps', () => {
    prepareHome(home)
    chmodSync(home, 0o755)
    expect(() => prepareHome(home)).toThrow(
      expect.objectContaining({ code: 'config', hint: `chmod 700 ${home}` }),
    )
  })

  it('is refused when it is a file', () => {
    writeFileSync(home, '')
    expect(() => prepareHome(home)).toThrow(
      expect.objectContaining({
        code: 'config',
        message: `cannot use ${home}: a file is in its place`,
      }),
    )
  })

  it('that cannot be made is refused in words', () => {
    const message = 'cannot use /dev/null/mesh: a part of the path is not a folder'
    expect(() => prepareHome('/dev/null/mesh')).toThrow(
      expect.objectContaining({ code: 'config', message }),
    )
  })

  it('may be a symbolic link to a folder that is private', () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere, { mode: 0o700 })
    symlinkSync(elsewhere, home)
    prepareHome(home)
    expect(modeOf(join(elsewhere, 'keys'))).toBe('700')
    chmodSync(elsewhere, 0o755)
    expect(() => prepareHome(home)).toThrow(expect.objectContaining({ code: 'config' }))
  })

  it('is held by one daemon at a time, and free when that one is gone', () => {
    prepareHome(home)
    const lock = new HomeLock(home)
    expect(() => new HomeLock(home)).toThrow(
      expect.objectContaining({ code: 'config', details: { reason: 'locked' } }),
    )
    lock[Symbol.dispose]()
    new HomeLock(home)[Symbol.dispose]()
  })
})

describe('the configuration', () => {
  it.each([
    [['--bogus'], "unknown option '--bogus'"],
    [['up'], "unexpected argument 'up'"],
  ])('names what it does not know: %j', (argv, message) => {
    expect(() => readArguments(argv)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(message),
        hint: 'meshd --help',
      }),
    )
  })

  it('takes the home from its argument, then MESH_HOME, then the user’s folder', () => {
    expect(readConfig({ MESH_HOME: '/a' }, '/b').home).toBe('/b')
    expect(readConfig({ MESH_HOME: '/a' }).home).toBe('/a')
    expect(readConfig({}).home).toMatch(/\/\.mesh$/)
    expect(readConfig({ MESH_HOME: '/a' }).socketPath).toBe('/a/meshd.sock')
  })

  it('puts the socket of a long home into the runtime folder, one per home', () => {
    const long = `/${'x'.repeat(120)}`
    const environment = { XDG_RUNTIME_DIR: '/run/user/1' }
    const { socketPath } = readConfig(environment, long)
    expect(socketPath).toMatch(/^\/run\/user\/1\/agent-mesh\/[0-9a-f]{16}\.sock$/)
    expect(readConfig(environment, `${long}y`).socketPath).not.toBe(socketPath)
    expect(readConfig({}, long).socketPath.length).toBeLessThanOrEqual(100)
  })

  it('refuses a log level that is none', () => {
    expect(() => readConfig({ MESH_LOG_LEVEL: 'loud' })).toThrow('MESH_LOG_LEVEL')
  })
})

describe('the policy', () => {
  const id = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id
  beforeEach(() => prepareHome(home))

  it('follows no registry and has no rules where nothing is said', () => {
    const policy = new Policy(home)
    expect([policy.followRegistry(), policy.localRules()]).toEqual([false, []])
  })

  it.each([
    ['[rules]\nfollow_registry = true\n', true],
    ['[rules]\nfollow_registry = false\n', false],
    ['[rules]\n', false],
    ['current = "local"\n[contexts.local]\nserver = "http://127.0.0.1:1"\n', false],
  ])('reads config.toml: %j', (text, follows) => {
    writeFileSync(join(home, 'config.toml'), text)
    expect(new Policy(home).followRegistry()).toBe(follows)
  })

  it('reads the rules of this machine', () => {
    const rule = `effect = "deny"\nfrom = "*"\nto = "${id}"\ncapability = "calendar.*"`
    writeFileSync(join(home, 'rules.toml'), `[[rules]]\n${rule}\n`)
    expect(new Policy(home).localRules()).toEqual([
      { effect: 'deny', from: '*', to: id, capability: 'calendar.*' },
    ])
  })

  it.each([
    ['config.toml', '[rules\n', /config\.toml, line 1/],
    ['config.toml', '[rules]\nfollow_registry = "yes"\n', /config\.toml\.rules\.follow_registry/],
    ['rules.toml', '[[rules]]\neffect = "allow"\n', /rules\.toml, rule 1/],
    ['rules.toml', '\n\nrules = 3\n', /rules\.toml\.rules/],
  ])('names file and place in a broken %s', (file, text, place) => {
    writeFileSync(join(home, file), text)
    expect(() => new Policy(home)).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringMatching(place) }),
    )
  })

  it('keeps what was in force when a reload fails', () => {
    writeFileSync(join(home, 'config.toml'), '[rules]\nfollow_registry = true\n')
    const policy = new Policy(home)
    writeFileSync(join(home, 'config.toml'), 'broken')
    expect(() => policy.reload()).toThrow()
    expect(policy.followRegistry()).toBe(true)
  })
})

describe('the state', () => {
  beforeEach(() => prepareHome(home))
  const record: AgentRecord = {
    name: 'bob',
    id: createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id,
    server: 'http://127.0.0.1:1',
    group: 'default',
    capabilities: ['echo'],
    program: { kind: 'exec', argv: ['cat'], cwd: '/' },
    caFile: null,
    insecureHttp: false,
    revokedAt: null,
  }

  const directory = {
    v: 1 as const,
    sequence: 3,
    asOf: 5,
    agents: [],
    rules: [],
    groups: [],
    revoked: [record.id],
  }

  it('keeps agents across restarts, in a file of mode 0600', () => {
    const first = new State(home)
    first.agents.save({ ...record, capabilities: [] })
    first.agents.save(record)
    first[Symbol.dispose]()
    const second = new State(home)
    expect(second.agents.all()).toEqual([record])
    expect(modeOf(join(home, 'state.db'))).toBe('600')
    second[Symbol.dispose]()
  })

  it('has what was saved without a proper end', () => {
    const crashed = new State(home)
    crashed.agents.save(record)
    crashed.directories.save('bob', directory, 1)
    const next = new State(home)
    expect(next.agents.all()).toEqual([record])
    expect(next.directories.get('bob')).toEqual(directory)
    next[Symbol.dispose]()
    crashed[Symbol.dispose]()
  })

  it('keeps a revocation for the key it is about, the first one’s time, and no other key', () => {
    const state = new State(home)
    state.agents.save(record)
    const other = parseAgentId(createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id)
    state.agents.markRevoked({ name: 'bob', id: other }, 5)
    expect(state.agents.all()[0]?.revokedAt).toBeNull()
    state.agents.markRevoked(record, 6)
    state.agents.markRevoked(record, 7)
    expect(state.agents.all()[0]?.revokedAt).toBe(6)
    state[Symbol.dispose]()
  })

  it('forgets an agent with its directory', () => {
    const state = new State(home)
    state.agents.save(record)
    state.directories.save('bob', directory, 1)
    state.agents.remove('bob')
    expect(state.agents.all()).toEqual([])
    expect(state.directories.get('bob')).toBeUndefined()
    state[Symbol.dispose]()
  })

  it('refuses a damaged file with the command that helps, and leaves it as it is', () => {
    writeFileSync(join(home, 'state.db'), 'this is no database at all, whatever it is'.repeat(100))
    expect(() => new State(home)).toThrow(
      expect.objectContaining({ code: 'config', hint: expect.stringContaining('mv ') }),
    )
    expect(readFileSync(join(home, 'state.db'), 'utf8')).toMatch(/^this is no database/)
  })
})

describe('the secret of an HTTP agent', () => {
  it('is made once, for its user alone, and another for each agent', () => {
    prepareHome(home)
    const secret = httpSecretOf(home, 'bob')
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(httpSecretOf(home, 'bob')).toBe(secret)
    expect(httpSecretOf(home, 'eve')).not.toBe(secret)
    expect(modeOf(join(home, 'keys', 'bob.http-secret'))).toBe('600')
  })
})

describe('the log file', () => {
  it('rolls over at its size and keeps so many files, each of mode 0600', () => {
    const path = join(folder, 'meshd.log')
    const log = new LogFile(path, { maxBytes: 10, files: 3 })
    for (const line of ['one----\n', 'two----\n', 'three--\n', 'four---\n']) log.write(line)
    log[Symbol.dispose]()
    const texts = ['', '.1', '.2'].map((end) => readFileSync(path + end, 'utf8'))
    expect(texts).toEqual(['four---\n', 'three--\n', 'two----\n'])
    expect(() => statSync(`${path}.3`)).toThrow('ENOENT')
    expect(['', '.1', '.2'].map((end) => modeOf(path + end))).toEqual(['600', '600', '600'])
  })

  it('goes on in a file that is there', () => {
    const path = join(folder, 'meshd.log')
    writeFileSync(path, 'before\n', { mode: 0o644 })
    const log = new LogFile(path, { maxBytes: 100, files: 3 })
    log.write('after\n')
    log[Symbol.dispose]()
    log.write('too late\n')
    expect(readFileSync(path, 'utf8')).toBe('before\nafter\n')
    expect(modeOf(path)).toBe('600')
  })
})
