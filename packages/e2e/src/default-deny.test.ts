import { readFile, writeFile } from 'node:fs/promises'
import { isMeshError } from '@agent-mesh/core'
import { MeshHome } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Mesh, rule } from './fixtures.js'

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.start()
  await mesh.up('bob', '--capability', 'echo', '--capability', 'calendar.read', '--', 'cat')
  await mesh.up('alice')
})
afterAll(() => mesh[Symbol.asyncDispose]())

/** Whether the call was answered; asked without a command between, because it is asked often. */
async function isAllowed(capability: string, target = 'bob'): Promise<boolean> {
  try {
    await using answer = await mesh.home.daemon.call({ as: 'alice', target, capability })
    for await (const _ of answer);
    return true
  } catch (error) {
    if (isMeshError(error) && error.code === 'denied') return false
    throw error
  }
}

describe('without a rule', () => {
  it('nobody may call anything, and the refusal says what would help', async () => {
    const { code, text, stderr } = await mesh.home.run(call('bob', 'echo'))
    expect({ code, text }).toEqual({ code: 6, text: '' })
    expect(stderr).toMatch(/^error: denied: alice may not call echo on bob/)
    expect(stderr).toContain('hint:  meshctl acl allow --from alice --to bob --capability echo\n')
  })

  it('an agent may not even call itself', async () => {
    const self = ['request', '--as', 'bob', '--target', 'bob', '--capability', 'echo']
    expect((await mesh.home.run(self)).code).toBe(6)
  })
})

describe('a rule', () => {
  it('allows what it says, at once, and nothing else', async () => {
    await mesh.allow('alice', 'bob', 'calendar.*')
    expect(await isAllowed('calendar.read')).toBe(true)
    expect(await isAllowed('echo')).toBe(false)
    await mesh.home.ok('acl', 'remove', ...rule('alice', 'bob', 'calendar.*'))
    expect(await isAllowed('calendar.read')).toBe(false)
  })

  it('that denies beats one that allows, in whatever order they came', async () => {
    await mesh.home.ok('acl', 'deny', ...rule('*', 'bob', 'echo'))
    await mesh.allow('alice', 'bob', '*')
    expect(await isAllowed('echo')).toBe(false)
    expect(await isAllowed('calendar.read')).toBe(true)
    await mesh.home.ok('acl', 'remove', ...rule('*', 'bob', 'echo'))
    expect(await isAllowed('echo')).toBe(true)
    await mesh.home.ok('acl', 'remove', ...rule('alice', 'bob', '*'))
    expect(await isAllowed('echo')).toBe(false)
  })

  it("of this machine's owner beats the registry's", async () => {
    await mesh.allow('alice', 'bob', 'echo')
    await mesh.home.ok('acl', 'deny', '--local', ...rule('alice', 'bob', 'echo'))
    expect(await isAllowed('echo')).toBe(false)
    await mesh.home.ok('acl', 'remove', '--local', ...rule('alice', 'bob', 'echo'))
    expect(await isAllowed('echo')).toBe(true)
    await mesh.home.ok('acl', 'remove', ...rule('alice', 'bob', 'echo'))
    expect(await isAllowed('echo')).toBe(false)
    await mesh.home.ok('acl', 'allow', '--local', ...rule('alice', 'bob', 'echo'))
    expect(await isAllowed('echo')).toBe(true)
    await mesh.home.ok('acl', 'remove', '--local', '1')
  })
})

describe("the registry's rules", () => {
  it('count for nothing where the user of the machine says no', async () => {
    await using home = await MeshHome.loggedIn(mesh.server)
    const config = `${home.path}/config.toml`
    const refusal = '[rules]\nfollow_registry = false # no\n'
    await writeFile(config, `${await readFile(config, 'utf8')}\n${refusal}`)
    await home.ok('up', '--name', 'carol', '--capability', 'echo', '--', 'cat')
    expect(await readFile(config, 'utf8')).toContain(refusal)
    await mesh.allow('alice', 'carol', 'echo')
    expect(await isAllowed('echo', 'carol')).toBe(false)
    // Neither the caller nor that user is sent to make a rule that is there already.
    expect((await mesh.home.run(call('carol', 'echo'))).stderr).toContain(
      'hint:  on that machine:  meshctl acl allow --local --from alice --to carol --capability echo',
    )
    expect((await home.run(['acl', 'test', ...rule('alice', 'carol', 'echo')])).text).toContain(
      'to allow: meshctl acl allow --local --from alice --to carol --capability echo',
    )
  })
})
