import { HttpAgent, MeshHome } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pair, workArgs } from './pair.js'

let pair: Pair
let newer: MeshHome
let newerAgent: HttpAgent

beforeAll(async () => {
  pair = await Pair.start()
  newer = await MeshHome.loggedIn(pair.server)
  newerAgent = await HttpAgent.start()
})
afterAll(async () => {
  await newer[Symbol.asyncDispose]()
  await newerAgent[Symbol.asyncDispose]()
  await pair[Symbol.asyncDispose]()
})

const answer = async (agent: HttpAgent, text: string) => (await agent.nextCall()).end(text)

describe('an agent that is brought up with the same key in a second MESH_HOME', () => {
  it('takes over, and the first one says that it was replaced', async () => {
    const key = `${pair.bob.path}/keys/bob.key`
    const program = ['--capability', 'work', '--http', newerAgent.url]
    await newer.ok('up', '--name', 'bob', '--key-file', key, ...program)
    await pair.bob.statusThat(({ agents }) => agents[0]?.state === 'replaced', 'bob to be replaced')
    const answered = answer(newerAgent, 'the newer one')
    const { code, text, stderr } = await pair.alice.run(workArgs())
    expect({ code, text, stderr }).toMatchObject({ code: 0, text: 'the newer one' })
    await answered
    expect(pair.agent.calls).toHaveLength(0)
  })

  it('is not fought for: the first one does not reconnect by itself', async () => {
    // The newer one's link breaks and comes back; were the older one waiting, it would have it.
    await pair.server.kill()
    await pair.server.restart()
    await newer.statusThat(({ agents }) => agents[0]?.state === 'online', 'the newer to be back')
    const { text } = await pair.bob.ok('status', '--json')
    expect(JSON.parse(text)).toMatchObject({ agents: [{ name: 'bob', state: 'replaced' }] })
  })

  it('gives way when the first one is brought up again', async () => {
    await pair.bob.ok('up', '--name', 'bob')
    await newer.statusThat(({ agents }) => agents[0]?.state === 'replaced', 'the newer replaced')
    const answered = answer(pair.agent, 'the first one')
    const { code, text, stderr } = await pair.alice.run(workArgs())
    expect({ code, text, stderr }).toMatchObject({ code: 0, text: 'the first one' })
    await answered
  })
})
