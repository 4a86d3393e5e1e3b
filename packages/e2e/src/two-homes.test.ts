import { readdirSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pair } from './pair.js'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
})
afterAll(() => pair[Symbol.asyncDispose]())

describe('two MESH_HOMEs on one machine', () => {
  it('have a daemon each, and agents that call each other', async () => {
    const [alice, bob] = await Promise.all([pair.alice.status(), pair.bob.status()])
    expect(alice.daemon.pid).not.toBe(bob.daemon.pid)
    expect(alice.agents.map(({ name }) => name)).toEqual(['alice'])
    expect(bob.agents.map(({ name }) => name)).toEqual(['bob'])
    const answered = pair.agent
      .nextCall()
      .then((call) => call.end(String(call.headers['mesh-caller-name'])))
    const { code, text, stderr } = await pair.work()
    expect({ code, text, stderr }).toMatchObject({ code: 0, text: 'alice' })
    await answered
  })

  it('keep their keys apart, for their owner alone', () => {
    expect(readdirSync(`${pair.alice.path}/keys`)).toContain('alice.key')
    expect(readdirSync(`${pair.alice.path}/keys`)).not.toContain('bob.key')
    expect(readdirSync(`${pair.bob.path}/keys`)).toContain('bob.key')
    expect(readdirSync(`${pair.bob.path}/keys`)).not.toContain('alice.key')
    for (const { path } of [pair.alice, pair.bob]) {
      expect(statSync(path).mode & 0o777).toBe(0o700)
      for (const key of readdirSync(`${path}/keys`)) {
        expect(statSync(`${path}/keys/${key}`).mode & 0o777).toBe(0o600)
      }
    }
  })

  it('lend their agents to nobody: one cannot speak as an agent of the other', async () => {
    const args = ['request', '--as', 'bob', '--target', 'bob', '--capability', 'work']
    const { code, stderr } = await pair.alice.run(args)
    expect({ code, stderr }).toMatchObject({ code: 5 })
    expect(stderr).toMatch(/^error: unknown-agent: .*bob/)
  })

  it('end their daemons each for itself, and start them again with what they had', async () => {
    await pair.bob.ok('down')
    expect(await pair.bob.daemonPid()).toBeUndefined()
    expect((await pair.alice.status()).agents).toMatchObject([{ name: 'alice', state: 'online' }])
    const away = await pair.work()
    expect({ code: away.code, stderr: away.stderr }).toMatchObject({ code: 7 })
    await pair.bob.ok('up')
    const answered = pair.agent.nextCall().then((call) => call.end('back'))
    const { code, text, stderr } = await pair.work()
    expect({ code, text, stderr }).toMatchObject({ code: 0, text: 'back' })
    await answered
  })
})
