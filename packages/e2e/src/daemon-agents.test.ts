import type { LocalAnswer } from '@agent-mesh/api/local'
import { MeshHome, MeshServer } from '@agent-mesh/testkit'
import { describe, expect, it } from 'vitest'
import { call, Mesh, rule } from './fixtures.js'
import { runsLong } from './long.js'

async function textOf(answer: LocalAnswer): Promise<string> {
  let text = ''
  for await (const part of answer) if (part.kind === 'data') text += Buffer.from(part.bytes)
  return text
}

const echo = { as: 'alice', target: 'bob', capability: 'echo', body: Buffer.from('hi') }

describe('the agents of one daemon', () => {
  it('call each other and themselves as any pair does, by rule and through the relay', async () => {
    await using mesh = await Mesh.withEcho()
    const { daemon } = mesh.home
    expect(await textOf(await daemon.call(echo))).toBe('hi')
    const toItself = { ...echo, as: 'bob' }
    await expect(daemon.call(toItself)).rejects.toMatchObject({
      code: 'denied',
      message: 'bob may not call echo on bob (no rule allows it; default is deny)',
    })
    await mesh.allow('bob', 'bob', 'echo')
    expect(await textOf(await daemon.call(toItself))).toBe('hi')
  })

  it('are reached by id, by a prefix of it, and by name; others are unknown', async () => {
    await using mesh = await Mesh.withEcho()
    const { daemon } = mesh.home
    const bob = (await daemon.agents()).find(({ name }) => name === 'bob')
    for (const target of [bob?.id, bob?.id.slice(0, 6)]) {
      expect(await textOf(await daemon.call({ ...echo, target: String(target) }))).toBe('hi')
    }
    await expect(daemon.call({ ...echo, target: 'nobody' })).rejects.toMatchObject({
      code: 'unknown-agent',
      message: 'alice sees no agent "nobody"',
    })
  })

  it.runIf(runsLong)('may belong to different servers', async () => {
    await using mesh = await Mesh.withEcho()
    await using other = await MeshServer.start()
    const { home } = mesh
    await home.ok('login', '--server', other.url, '--code', await other.ownerCode())
    for (const name of ['carol', 'dave']) {
      await home.ok(
        'up',
        '--server',
        other.url,
        '--name',
        name,
        '--capability',
        'echo',
        '--',
        'cat',
      )
    }
    await home.ok('acl', '--server', other.url, 'allow', ...rule('carol', 'dave', 'echo'))
    const { daemon } = home
    expect(await textOf(await daemon.call({ ...echo, as: 'carol', target: 'dave' }))).toBe('hi')
    expect(await textOf(await daemon.call(echo))).toBe('hi')
    // Nobody sees over the border.
    await expect(daemon.call({ ...echo, target: 'dave' })).rejects.toMatchObject({
      code: 'unknown-agent',
    })
    const { servers } = await home.status()
    expect(servers.map(({ url, state }) => [url, state]).sort()).toEqual(
      [
        [mesh.server.url, 'connected'],
        [other.url, 'connected'],
      ].sort(),
    )
  })

  it('take a new program without leaving the mesh', async () => {
    await using mesh = await Mesh.withEcho()
    const { daemon } = mesh.home
    await mesh.up('bob', '--', 'tr', 'a-z', 'A-Z')
    expect(await textOf(await daemon.call(echo))).toBe('HI')
    expect((await mesh.home.daemonLog()).match(/"agent":"bob","state":"online"/g)).toHaveLength(1)
  })

  it('come back with the daemon, and with the server when that was away', async () => {
    await using mesh = await Mesh.withEcho()
    const { home, server } = mesh
    await home.killDaemon()
    await server.kill()
    // A command that needs the daemon and no server starts it.
    await home.run(['up'])
    await home.statusThat(
      ({ agents }) => agents.length === 2 && agents.every(({ state }) => state === 'offline'),
      'both agents offline',
    )
    await server.restart()
    await home.statusThat(
      ({ agents }) => agents.every(({ state }) => state === 'online'),
      'all online',
    )
    expect(await textOf(await home.daemon.call(echo))).toBe('hi')
  })
})

describe('a call that waits for its target', () => {
  it('is made once it is there, with all of its body', async () => {
    await using mesh = await Mesh.withEcho()
    await using away = await MeshHome.loggedIn(mesh.server)
    await away.ok('up', '--name', 'carol', '--capability', 'echo', '--', 'cat')
    await mesh.allow('alice', 'carol', 'echo')
    await away.terminateDaemon()
    const target = { ...echo, target: 'carol' }
    await expect(mesh.home.daemon.call(target)).rejects.toMatchObject({
      code: 'offline',
      message: 'carol is offline',
    })
    const waiting = mesh.home.start([...call('carol', 'echo'), '--payload', '-', '--wait', '60s'], {
      input: 'patience',
    })
    await away.ok('up')
    expect((await waiting.exit).code).toBe(0)
    expect(String(waiting.stdout)).toBe('patience')
  })

  it('fails as it would have when the time is over', async () => {
    await using mesh = await Mesh.withEcho()
    const waiting = mesh.home.daemon.call({ ...echo, target: 'nobody', waitMs: 1_500 })
    await expect(waiting).rejects.toMatchObject({ code: 'unknown-agent' })
  })
})
