import { fileURLToPath } from 'node:url'
import { writeKeyFile } from '@agent-mesh/sdk/node'
import { Child, eventually, TempFolder } from '@agent-mesh/testkit'
import { expect, test } from 'vitest'
import { SdkWorld } from './sdk-world.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

function example(name: string, server: string, keyFile: string): Child {
  const env = { MESH_SERVER: server, MESH_SECRET_KEY_FILE: keyFile }
  return new Child(process.execPath, ['--import', 'tsx', `examples/sdk/${name}.ts`], {
    cwd: root,
    env,
  })
}

test('the examples call, stream, and end by themselves', async () => {
  await using world = await SdkWorld.start()
  await using folder = await TempFolder.create()
  const bob = await world.know('bob', ['echo', 'countdown'])
  const alice = await world.know('alice')
  await world.allow('alice', 'bob')
  await writeKeyFile(folder.file('bob.key'), bob.key)
  await writeKeyFile(folder.file('alice.key'), alice.key)

  await using agent = example('agent', world.url, folder.file('bob.key'))
  await eventually(() => agent.isEnded || agent.stdout.includes('is online'), {
    what: 'the agent to be online',
  })
  expect(agent.stdout.toString()).toBe(`${bob.keypair.id} is online\n`)

  // A socket or timer that outlives `await using` would keep a process from its end.
  await using caller = example('caller', world.url, folder.file('alice.key'))
  expect({ ...(await caller.exit), stderr: caller.stderr }).toMatchObject({ code: 0, stderr: '' })
  expect(caller.stdout.toString()).toBe("{ message: 'hi' }\n")

  await using streaming = example('streaming', world.url, folder.file('alice.key'))
  expect({ ...(await streaming.exit), stderr: streaming.stderr }).toMatchObject({ code: 0 })
  expect(streaming.stdout.toString()).toBe('1000000\n999999\n999998\n')

  agent.signal('SIGTERM')
  expect({ ...(await agent.exit), stderr: agent.stderr }).toMatchObject({ code: 0, stderr: '' })
})
