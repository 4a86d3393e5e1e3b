import { createRegistryClient } from '@agent-mesh/api'
import { Child, MeshServer, programPath } from '@agent-mesh/testkit'
import { expect, it } from 'vitest'

const loggedIn = async (server: MeshServer) => {
  const code = await server.ownerCode()
  const { token } = await createRegistryClient({ baseUrl: server.url }).login({ body: { code } })
  return { token, client: () => createRegistryClient({ baseUrl: server.url, token }) }
}

it('ends with 0 on SIGTERM and says nothing secret in its log', async () => {
  await using server = await MeshServer.start()
  const { token, client } = await loggedIn(server)
  await client().whoami()
  expect(await server.stop()).toEqual({ code: 0 })
  expect(server.log).toContain('server.stopped')
  expect(server.log).not.toContain(token)
  expect(server.log).not.toMatch(/[2-9A-Z]{4}-[2-9A-Z]{4}/)
})

it('loses nothing it acknowledged when it is killed', async () => {
  await using server = await MeshServer.start()
  const { client } = await loggedIn(server)
  const body = { effect: 'deny', from: '*', to: '*', capability: 'x' } as const
  const { rule } = await client().addRule({ body })
  await server.kill()
  await server.restart()
  expect((await client().rules()).rules).toEqual([rule])
})

it('exits with 3 where it would be open to the network unasked', async () => {
  await using child = new Child(process.execPath, [
    programPath('server'),
    '--listen',
    '0.0.0.0:0',
    '--db-path',
    ':memory:',
  ])
  expect(await child.exit).toEqual({ code: 3 })
  expect(child.stderr).toMatch(/^error: config: .*\nhint: {2}add --public-url/)
})
