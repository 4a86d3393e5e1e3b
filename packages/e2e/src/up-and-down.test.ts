import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { isAlive, MeshHome, MeshServer } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rule } from './fixtures.js'

let server: MeshServer
let home: MeshHome
beforeAll(async () => {
  server = await MeshServer.start()
  home = await MeshHome.loggedIn(server)
})
afterAll(async () => {
  await home[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const answers = async (text: string) => {
  const args = ['request', '--as', 'alice', '--target', 'bob', '--capability', 'echo']
  return (await home.ok(...args, '--payload', text)).text
}

describe('up', () => {
  it('makes the key, registers, starts the daemon and says what it wrote', async () => {
    const args = ['up', '--name', 'bob', '--capability', 'echo', '--', 'cat']
    const { text, stderr } = await home.ok(...args)
    expect(text).toBe('')
    const steps = stderr.split('\n').filter((line) => line.startsWith('✓'))
    expect(steps.map((line) => line.split(/\s+/)[1])).toEqual([
      'key',
      'registered',
      'meshd',
      'relay',
      'rules',
    ])
    expect(stderr).toContain('follow_registry')
    const config = await readFile(`${home.path}/config.toml`, 'utf8')
    expect(config).toContain('\n[rules]\nfollow_registry = true\n')
    await home.ok('up', '--name', 'alice')
    await home.ok('acl', 'allow', ...rule('alice', 'bob', 'echo'))
    expect(await answers('1')).toBe('1')
  })

  it('run again changes what is given and keeps what is not', async () => {
    await home.ok('up', '--name', 'bob', '--description', 'Repeats')
    expect(await answers('2')).toBe('2')
    await home.ok('up', '--name', 'bob', '--', 'sed', 's/^/>/')
    expect(await answers('3')).toBe('>3')
    const bob: unknown = JSON.parse((await home.ok('show', 'bob', '--json')).text)
    expect(bob).toMatchObject({ description: 'Repeats', capabilities: [{ name: 'echo' }] })
  })

  it('is refused for a name that another key holds', async () => {
    await using other = await MeshHome.loggedIn(server)
    const { code, stderr } = await other.run(['up', '--name', 'bob', '--', 'cat'])
    expect(stderr).toMatch(/^error: name-taken: /m)
    expect(code).toBe(2)
  })
})

describe('a daemon that is started again', () => {
  it('brings up every agent it had', async () => {
    await home.ok('down')
    await home.ok('up')
    await home.statusThat(
      ({ agents }) => agents.length === 2 && agents.every(({ state }) => state === 'online'),
      'both agents to be online',
    )
    expect(await answers('4')).toBe('>4')
  })
})

describe('a daemon that cannot start', () => {
  it('says why, with the file, and leaves none behind', async () => {
    await using other = await MeshHome.loggedIn(server)
    await writeFile(`${other.path}/rules.toml`, '[[rules]]\neffect = "permit"\n')
    const { code, stderr } = await other.run(['up', '--name', 'carol'])
    expect(stderr).toMatch(/^error: config: .*rules\.toml.*$/m)
    expect(code).toBe(3)
    expect(await other.daemonPid()).toBeUndefined()
  })
})

describe('down', () => {
  it('with a name takes one agent out and keeps its key', async () => {
    await home.ok('down', 'bob')
    const { agents } = await home.status()
    expect(agents.map(({ name }) => name)).toEqual(['alice'])
    expect(existsSync(`${home.path}/keys/bob.key`)).toBe(true)
    expect((await home.run(['down', 'bob'])).code).toBe(5)
  })

  it('returns when the daemon has ended, and is fine with none', async () => {
    const pid = (await home.daemonPid()) ?? -1
    await home.ok('down')
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(`${home.path}/meshd.sock`)).toBe(false)
    expect((await home.run(['down'])).code).toBe(0)
  })
})
