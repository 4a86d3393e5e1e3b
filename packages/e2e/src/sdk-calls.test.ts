import { fromUtf8 } from '@agent-mesh/core'
import { expect, test } from 'vitest'
import { SdkWorld } from './sdk-world.js'

test('a call crosses the server and comes back', async () => {
  await using world = await SdkWorld.start()
  const { alice, bob } = await world.pair({ echo: (call) => call.bytes() })
  const answer = await alice.call('bob', 'echo', { message: 'hi' })
  expect(await answer.json()).toEqual({ message: 'hi' })
  expect(answer.peer).toBe(bob.member.id)
  expect(alice.status).toMatchObject({ state: 'online', feed: { state: 'current' } })
})
