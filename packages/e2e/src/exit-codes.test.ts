import { MeshHome } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Mesh, script } from './fixtures.js'

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.withEcho()
})
afterAll(() => mesh[Symbol.asyncDispose]())

/** How it ended, by its exit code and by the code of the one line of JSON on stderr. */
async function outcome(
  args: readonly string[],
  home: MeshHome = mesh.home,
): Promise<[number, string]> {
  const { code, stdout, stderr } = await home.run([...args, '--json'])
  expect(stderr.indexOf('\n'), stderr).toBe(stderr.length - 1)
  expect(stdout).toHaveLength(0)
  const { error } = JSON.parse(stderr) as { error: Record<string, unknown> }
  expect(error).toEqual({
    code: expect.any(String),
    message: expect.stringMatching(/./),
    hint: error['hint'] === null ? null : expect.stringMatching(/./),
    retry: expect.stringMatching(/^(?:never|now|later)$/),
  })
  return [code, String(error['code'])]
}

describe('a command ends with', () => {
  it('2 when it was not typed as it is meant to be', async () => {
    expect(await outcome(['request', '--target', 'bob'])).toEqual([2, 'usage'])
    expect(await outcome(call('bob', 'echo', '--payload', '{'))).toEqual([2, 'usage'])
  })

  it('3 for a login without a server', async () => {
    await using home = await MeshHome.create()
    expect(await outcome(['login'], home)).toEqual([3, 'config'])
  })

  it('4 for whoever is not logged in, or has a code that is not good', async () => {
    await using home = await MeshHome.create()
    expect(await outcome(['discover'], home)).toEqual([4, 'not-logged-in'])
    const login = ['login', '--server', mesh.server.url, '--code', 'AAAA-AAAA']
    expect(await outcome(login, home)).toEqual([4, 'login-refused'])
  })

  it('4 for a code that was used before', async () => {
    await using home = await MeshHome.create()
    const login = ['login', '--server', mesh.server.url, '--code', await mesh.server.ownerCode()]
    await home.ok(...login)
    expect(await outcome(login, home)).toEqual([4, 'login-refused'])
  })

  it('5 for an agent that nobody in view is', async () => {
    expect(await outcome(call('nobody', 'echo'))).toEqual([5, 'unknown-agent'])
    expect((await outcome(['show', 'nobody']))[0]).toBe(5)
    const unknown = `${'A'.repeat(42)}E`
    expect((await outcome(['show', unknown]))[0]).toBe(5)
  })

  it('6 for what no rule allows', async () => {
    expect(await outcome(call('bob', 'other'))).toEqual([6, 'denied'])
  })

  it('7 while no daemon runs, and while no registry answers', async () => {
    await using home = await MeshHome.create()
    expect(await outcome(['status'], home)).toEqual([7, 'unreachable'])
    const login = ['login', '--server', 'http://127.0.0.1:1', '--code', 'AAAA-AAAA']
    expect(await outcome(login, home)).toEqual([7, 'registry-unreachable'])
  })

  it('7 for an agent that is offline', async () => {
    await using home = await MeshHome.loggedIn(mesh.server)
    await home.ok('up', '--name', 'carol', '--capability', 'echo', '--', 'cat')
    await mesh.allow('alice', 'carol', 'echo')
    await mesh.home.ok(...call('carol', 'echo'))
    await home.ok('down')
    expect(await outcome(call('carol', 'echo', '--timeout', '20s'))).toEqual([7, 'offline'])
  })

  it('8 when the time is over', async () => {
    await mesh.up('slow', '--capability', 'wait', ...script('setInterval(() => {}, 1000)'))
    await mesh.allow('alice', 'slow', 'wait')
    expect(await outcome(call('slow', 'wait', '--timeout', '200ms'))).toEqual([8, 'timeout'])
  })

  it("9 when the agent's program fails, with its last words", async () => {
    const program = script('process.stderr.write("no disk"); process.exitCode = 3')
    await mesh.up('broken', '--capability', 'work', ...program)
    await mesh.allow('alice', 'broken', 'work')
    expect(await outcome(call('broken', 'work'))).toEqual([9, 'handler-failed'])
    expect((await mesh.home.run(call('broken', 'work'))).stderr).toContain('no disk')
  })

  it('0 otherwise', async () => {
    const { code, stdout, stderr } = await mesh.home.run(call('bob', 'echo', '--payload', '1'))
    expect({ code, stdout: String(stdout), stderr }).toEqual({
      code: 0,
      stdout: '1',
      stderr: '',
    })
  })
})
