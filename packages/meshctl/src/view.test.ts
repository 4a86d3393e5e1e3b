import { expect, it } from 'vitest'
import { type AgentDescription, exampleOf } from './view.js'

function agent(name: string, ...capabilities: string[]): AgentDescription {
  return {
    id: name,
    name,
    group: 'default',
    online: true,
    description: null,
    capabilities: capabilities.map((capability) => ({ name: capability, description: null })),
    registeredAt: 0,
    lastSeenAt: 0,
  }
}

it('an example of a call is one that somebody can answer', () => {
  const found = [agent('alice'), agent('bob', 'echo', 'resize'), agent('carol', 'ask')]
  expect(exampleOf(found)).toEqual({ target: 'bob', capability: 'echo' })
  expect(exampleOf([agent('alice')])).toBeUndefined()
})
