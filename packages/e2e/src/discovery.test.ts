import { eventually } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Mesh } from './fixtures.js'

interface Described {
  readonly id: string
  readonly name: string
  readonly online: boolean | null
}

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.start()
  const { home } = mesh
  await mesh.up('planner', '--capability', 'calendar.read', '--description', 'Books meetings')
  await home.ok('register', '--name', 'archive', '--capability', 'calendar.old')
  await home.ok('register', '--name', 'weather', '--capability', 'forecast')
})
afterAll(() => mesh[Symbol.asyncDispose]())

async function names(...args: string[]): Promise<string[]> {
  const { text } = await mesh.home.ok('discover', '--json', ...args)
  return (JSON.parse(text) as Described[]).map(({ name }) => name).sort()
}

async function show(target: string): Promise<Described> {
  return JSON.parse((await mesh.home.ok('show', target, '--json')).text) as Described
}

describe('an agent is found', () => {
  it('by capability, by prefix, by name and by words', async () => {
    expect(await names('--capability', 'forecast')).toEqual(['weather'])
    expect(await names('--capability', 'calendar.*')).toEqual(['archive', 'planner'])
    expect(await names('--name', 'planner')).toEqual(['planner'])
    expect(await names('meetings')).toEqual(['planner'])
    expect(await names()).toEqual(['archive', 'planner', 'weather'])
  })

  it('by its id, by a prefix of it, and by its name', async () => {
    const { id } = await show('planner')
    for (const target of [id, id.slice(0, 6), 'planner']) {
      expect((await show(target)).id).toBe(id)
    }
  })

  it('with what the relay knows of its presence', async () => {
    expect((await show('weather')).online).toBe(false)
    const look = async () => (await show('planner')).online === true
    await eventually(look, { what: 'planner to be seen online' })
  })
})
