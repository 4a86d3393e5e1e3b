import { mkdir, writeFile } from 'node:fs/promises'
import { MeshHome } from '@agent-mesh/testkit'
import { describe, expect, it } from 'vitest'

/** Whatever a person sees of a failure: two lines at most, in our words. */
function expectPlain(stderr: string): void {
  expect(stderr).toMatch(/^error: [a-z-]+: .+\n(hint: {2}.+\n)?$/)
  expect(stderr).not.toMatch(/\bat .+:\d+:\d+|failed to|unexpected|something went wrong|\[object/i)
}

describe('bad words on the command line', () => {
  it.each([
    [['--frobnicate'], 2],
    [['stats'], 2],
    [['request', '--target', 'a', '--capability', 'b', '--timeout', '-5s'], 2],
    [['request', '--target', '', '--capability', ''], 2],
    [['up', '--name', '../../etc/passwd', '--', 'cat'], 2],
    [['up', '--name', 'a'.repeat(64)], 2],
    [['acl', 'allow', '--from', 'a', '--to', 'b', '--capability'], 2],
    [['login', '--server', 'not a url'], 2],
    [['login', '--server', 'http://127.0.0.1:99999'], 2],
    [['login', '--server', 'http://127.0.0.1:1', '--token-file', '/nowhere'], 3],
    [['login', '--server', 'http://192.0.2.1', '--code', 'X'], 3],
    [['login', '--server', 'https://127.0.0.1:1', '--code', 'X', '--ca-file', '/dev/null'], 3],
    [['keygen', '--out', '/'], 2],
    [['keygen', '--out', '/proc/nothing/here'], 3],
  ])('%j ends with a plain sentence and exit %i', async (args, expected) => {
    await using home = await MeshHome.create()
    const { code, stdout, stderr } = await home.run(args)
    expectPlain(stderr)
    expect(code, stderr).toBe(expected)
    expect(stdout).toHaveLength(0)
  })
})

describe('a home that is broken', () => {
  it.each([
    ['current = "x', /config\.toml: line 1/],
    ['[contexts.local]\nserver = 7\n', /contexts\.local\.server must be a string/],
    ['contexts = 3\n', /contexts must be a table/],
  ])('is named with file and place: %j', async (text, message) => {
    await using home = await MeshHome.create()
    await mkdir(home.path, { mode: 0o700 })
    await writeFile(`${home.path}/config.toml`, text)
    const { code, stderr } = await home.run(['discover'])
    expectPlain(stderr)
    expect(stderr).toMatch(message)
    expect(code).toBe(3)
  })

  it('is said to be open to others, with the command that closes it', async () => {
    await using home = await MeshHome.create()
    await mkdir(`${home.path}/tokens`, { recursive: true, mode: 0o700 })
    await writeFile(`${home.path}/config.toml`, '[contexts.local]\nserver = "http://127.0.0.1:1"\n')
    await writeFile(`${home.path}/tokens/local`, 'mesh_x\n', { mode: 0o644 })
    const { code, stderr } = await home.run(['discover'])
    expect(stderr).toMatch(/hint: {2}chmod 600 /)
    expect(code).toBe(3)
  })
})
