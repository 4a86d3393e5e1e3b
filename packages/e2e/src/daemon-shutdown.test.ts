import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { eventually, gone, MeshHome } from '@agent-mesh/testkit'
import { describe, expect, it } from 'vitest'
import { Mesh } from './fixtures.js'
import { runsLong } from './long.js'

/** Two daemons: alice is in the first, bob with a shell script in the second. */
async function twoDaemons(script: (home: MeshHome) => string) {
  const mesh = await Mesh.start()
  const second = await MeshHome.loggedIn(mesh.server)
  await second.ok(
    'up',
    '--name',
    'bob',
    '--capability',
    'run',
    '--',
    '/bin/sh',
    '-c',
    script(second),
  )
  await mesh.up('alice')
  await mesh.allow('alice', 'bob', 'run')
  return {
    first: mesh.home,
    second,
    call: () => mesh.home.daemon.call({ as: 'alice', target: 'bob', capability: 'run' }),
    async [Symbol.asyncDispose]() {
      await second[Symbol.asyncDispose]()
      await mesh[Symbol.asyncDispose]()
    },
  }
}

async function written(file: string): Promise<string> {
  const read = async () => (await readFile(file, 'utf8').catch(() => '')).trim() || undefined
  return eventually(read, { what: file })
}

describe('a daemon that is told to end', () => {
  it('lets a running call finish first, and takes no new one', async () => {
    await using pair = await twoDaemons(
      (home) =>
        `echo x > ${home.folder.file('begun')}; until [ -e ${home.folder.file('go')} ]; do sleep 0.05; done; echo whole`,
    )
    const { second } = pair
    const calling = pair.call()
    await written(second.folder.file('begun'))
    const ending = second.terminateDaemon()
    await eventually(async () => (await second.daemonLog()).includes('daemon-draining'), {
      what: 'the daemon to drain',
    })
    await expect(second.daemon.call({ target: 'alice', capability: 'run' })).rejects.toMatchObject({
      code: 'busy',
      message: 'meshd is ending',
    })
    await writeFile(second.folder.file('go'), '')
    let text = ''
    for await (const part of await calling)
      if (part.kind === 'data') text += Buffer.from(part.bytes)
    expect(text).toBe('whole\n')
    await ending
    expect(existsSync(`${second.path}/meshd.sock`)).toBe(false)
  })

  it.runIf(runsLong)(
    'waits for no call for ever, tells its caller, and leaves no program behind',
    async () => {
      await using pair = await twoDaemons(
        (home) => `trap "" TERM; echo $$ > ${home.folder.file('pid')}; while :; do sleep 1; done`,
      )
      const calling = pair.call()
      const failed = expect(calling).rejects.toMatchObject({ code: 'interrupted' })
      const pid = Number(await written(pair.second.folder.file('pid')))
      await pair.second.terminateDaemon()
      await failed
      await gone(pid)
    },
  )

  it.runIf(runsLong)(
    'tells its own callers that it was interrupted, for they did not cancel',
    async () => {
      await using pair = await twoDaemons(
        (home) => `echo x > ${home.folder.file('begun')}; exec sleep 300`,
      )
      const failed = expect(pair.call()).rejects.toMatchObject({
        code: 'interrupted',
        message: 'alice was taken down during the call; whether it ran is unknown',
      })
      await written(pair.second.folder.file('begun'))
      await pair.first.terminateDaemon()
      await failed
    },
  )

  it('ends at once over the local API when nothing runs', async () => {
    await using mesh = await Mesh.withEcho()
    const pid = Number(await mesh.home.daemonPid())
    expect(await mesh.home.daemon.shutdown()).toEqual({ pid })
    await gone(pid)
    expect(existsSync(`${mesh.home.path}/meshd.sock`)).toBe(false)
  })
})

describe('a daemon that was killed', () => {
  it('leaves nothing that keeps the next one from starting', async () => {
    await using mesh = await Mesh.withEcho()
    await mesh.home.killDaemon()
    expect(existsSync(`${mesh.home.path}/meshd.sock`)).toBe(true)
    await mesh.home.ok('up')
    await mesh.home.statusThat(
      ({ agents }) => agents.length === 2 && agents.every(({ state }) => state === 'online'),
      'both agents online',
    )
  })
})
