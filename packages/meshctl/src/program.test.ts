import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fakeIo } from '../test/fake-io.js'
import { main } from './program.js'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meshctl-'))
})
afterAll(() => rm(home, { recursive: true }))

async function run(...argv: string[]) {
  const fake = fakeIo({ env: { MESH_HOME: home } })
  const code = await main(argv, fake.io)
  return { code, stdout: fake.stdout, stderr: fake.stderr }
}

describe('meshctl', () => {
  it('says its version and protocol in one line', async () => {
    const { stdout } = await run('--version')
    expect(stdout).toBe('meshctl 0.1.0 (protocol 1)\n')
    expect((await run('--version', '--json')).stdout).toBe(stdout)
  })

  it('alone says what it is and the first five commands', async () => {
    const { code, stdout } = await run()
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => line.startsWith('  meshctl '))).toHaveLength(5)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it.each([
    [['statsu'], 'there is no command statsu', 'did you mean status?  meshctl --help'],
    [['help', 'statsu'], 'there is no command statsu', 'did you mean status?  meshctl --help'],
    [['group', 'create', '--help'], 'there is no command group', 'meshctl --help'],
    [[''], 'the command is empty', 'meshctl --help'],
    [['acl', 'alow'], 'there is no command alow', 'did you mean allow?  meshctl acl --help'],
    [['acl'], 'it needs one more word, saying what to do', 'meshctl acl --help'],
    [['up', '--nam', 'x'], 'there is no option --nam', 'did you mean --name?  meshctl up --help'],
    [['status', 'x'], 'there are more words than this command takes', 'meshctl status --help'],
    [['show'], 'AGENT is missing', 'meshctl show --help'],
    [['request', '--capability', 'x'], '--target <agent> is missing', 'meshctl request --help'],
    [['request', '--target'], '--target <agent> has no value', 'meshctl request --help'],
    [['up', 'bob'], '"bob" stands before --', 'meshctl up --name NAME -- bob'],
    [
      ['up', '--name', 'bob', '--'],
      'there is no command after --',
      'meshctl up --name bob --capability echo -- cat',
    ],
  ])('%j is a usage error that names the way on', async (argv, message, hint) => {
    const { code, stdout, stderr } = await run(...argv)
    expect(stderr).toBe(`error: usage: ${message}\nhint:  ${hint}\n`)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it.each([
    ['up', '--name', 'Bob'],
    ['up', '--name', 'bob', '--capability', 'a b'],
    ['up', '--name', 'bob', '--http', 'nowhere'],
    ['up', '--name', 'bob', '--http', 'http://x', '--', 'cat'],
    ['up', '--capability', 'x'],
    ['request', '--target', 'a', '--capability', 'b', '--timeout', '5'],
    ['request', '--target', 'a', '--capability', 'b', '--payload', '{a}'],
    ['login', '--server', 'ftp://x'],
    ['login', '--server', 'http://u:p@x'],
    ['login', '--server', 'http://127.0.0.1:1'],
    ['login', '--server', 'http://127.0.0.1:1', '--code', 'a', '--token-file', 'b'],
    ['login', '--server', 'http://127.0.0.1:1', '--code', 'mesh_abc'],
    ['login', '--server', 'http://127.0.0.1:1', '--code', ''],
    ['acl', 'allow', '--from', 'a'],
    ['acl', 'allow', '--local', '--from', '*', '--to', '*', '--capability', 'e*'],
    ['acl', 'allow', '--from', '', '--to', 'bob', '--capability', 'echo'],
    ['discover', '--limit', '0'],
    ['discover', '--limit', '1000000'],
    ['discover', '--capability', ''],
    ['up', '--name', 'bob', '--description', '\u001b[2J'],
    ['register', '--name', 'bob', '--description', 'x'.repeat(1025)],
    ['show', ''],
    ['down', ''],
    ['down', 'a/b'],
    ['request', '--as', '', '--target', 'bob', '--capability', 'echo'],
    ['request', '--target', 'x'.repeat(257), '--capability', 'echo'],
  ])('meshctl %s %s %s … is refused at the door', async (...argv) => {
    const { code, stdout, stderr } = await run(...argv)
    expect(code, stderr).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error: usage: .+\n(hint: {2}.+\n)?$/)
  })

  it.each([
    [['login'], 3],
    [['discover'], 4],
    [['up', '--name', 'bob'], 4],
    [['acl', 'list'], 4],
    [['status'], 7],
    [['request', '--target', 'a', '--capability', 'b'], 7],
    [['request', '--target', 'a', '--capability', 'b', '--payload', '@/nowhere'], 3],
    [['keygen', '--out', '/nowhere/x.key'], 3],
    [['login', '--server', 'http://mesh.example.com', '--code', 'x'], 3],
  ])('%j ends with %i', async (argv, expected) => {
    const { code, stderr } = await run(...argv)
    expect(code, stderr).toBe(expected)
  })

  it('takes its global options before and after the command', async () => {
    const expected = {
      error: {
        code: 'not-logged-in',
        message: 'you are not logged in to http://127.0.0.1:9',
        hint: 'meshctl login --server http://127.0.0.1:9',
        retry: 'never',
      },
    }
    const words = ['--server', 'http://127.0.0.1:9/', '--json']
    for (const argv of [
      [...words, 'discover'],
      ['discover', ...words],
      ['--json', 'discover', '--cp-url', 'http://127.0.0.1:9'],
    ]) {
      const { code, stderr } = await run(...argv)
      expect(JSON.parse(stderr)).toEqual(expected)
      expect(code).toBe(4)
    }
  })

  it('writes no rule that the daemon could not read', async () => {
    const rule = ['--from', '*', '--to', '*', '--capability', 'e*']
    const { stderr } = await run('acl', 'allow', '--local', ...rule)
    expect(stderr).toContain(`--capability "e*" is neither a capability, nor 'prefix.*', nor '*'`)
    expect((await run('acl', 'list', '--local', '--json')).stdout).toBe('[]\n')
  })

  it('has one error line with --json, even for words it does not know', async () => {
    const { stderr } = await run('nothing', '--json')
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'usage', retry: 'never' } })
  })

  it('does not take an id that begins with a dash for an option', async () => {
    const id = `-${'A'.repeat(42)}`
    for (const argv of [
      ['show', id],
      ['show', id.slice(0, 9)],
      ['show', '--', `--${id}`],
      ['request', '--target', id, '--capability', 'c'],
      ['acl', 'allow', '--from', id, '--to', id, '--capability', 'c'],
    ]) {
      const { code, stderr } = await run(...argv)
      expect([4, 7], stderr).toContain(code)
    }
  })

  it.each([
    'login',
    'up',
    'down',
    'request',
    'acl',
    'status',
    'discover',
    'show',
    'register',
    'keygen',
    'version',
  ])('explains %s with examples and exit codes', async (name) => {
    const { code, stdout } = await run(name, '--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: meshctl ${name} `))
    expect(stdout).toContain(`\nExamples:\n  `)
    expect(stdout).toContain('\nExit codes: 0 done')
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect((await run('help', name)).stdout).toBe(stdout)
  })

  it('says so when the output cannot be written', async () => {
    const fake = fakeIo({ env: { MESH_HOME: home } })
    fake.loseOutput('ENOSPC')
    expect(await main(['version', '--json'], fake.io)).toBe(3)
    const { error } = JSON.parse(fake.stderr) as { error: { message: string } }
    expect(error.message).toBe('the output cannot be written: the disk is full')
  })

  it('has nothing to say when nobody reads the rest', async () => {
    const fake = fakeIo({ env: { MESH_HOME: home } })
    fake.loseOutput('EPIPE')
    expect(await main(['--help'], fake.io)).toBe(0)
    expect(fake.stderr).toBe('')
  })

  it('never shows a stack trace', async () => {
    const { io } = fakeIo({ env: { MESH_HOME: `${home}/a\u0000b` } })
    expect(await main(['status'], io)).toBeGreaterThan(0)
  })
})
