import { nodeCrypto } from '@agent-mesh/core/node'
import { FakeClock } from '@agent-mesh/core/testing'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.js'
import { openSqliteStore } from '../store/sqlite/sqlite-store.js'
import { createTestRegistry, failure } from '../testing/index.js'
import { createOwnerCode } from './login-code.js'

const setup = () => {
  const clock = new FakeClock()
  const store = openSqliteStore(':memory:')
  const mesh = createTestRegistry({ clock, store })
  const makeCode = async () => (await createOwnerCode(store, nodeCrypto, clock.wall())).code
  const login = (code: string) => mesh.client().login({ body: { code } })
  return { clock, store, mesh, makeCode, login }
}

describe('login by one-time code', () => {
  it('takes a code as people type it, once', async () => {
    const { mesh, makeCode, login } = setup()
    await using _ = mesh
    const code = await makeCode()
    expect(code).toMatch(/^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$/)
    const { token, person } = await login(` ${code.toLowerCase().replace('-', ' ')}\n`)
    expect(token).toMatch(/^mesh_[A-Za-z0-9_-]{43}$/)
    expect(person).toMatchObject({ name: 'owner', role: 'owner' })
    expect((await mesh.client(token).whoami()).person).toEqual(person)
    expect(await failure(login(code))).toMatchObject({ code: 'login-refused' })
  })

  it('tells wrong, used and expired codes alike', async () => {
    const { clock, mesh, makeCode, login } = setup()
    await using _ = mesh
    const used = await makeCode()
    await login(used)
    const expired = await makeCode()
    clock.advance(limits.loginCodeMs)
    const messages = []
    for (const code of ['2222-2222', used, expired]) {
      messages.push((await failure(login(code))).message)
    }
    expect(new Set(messages).size).toBe(1)
  })

  it('keeps earlier codes good when another is made, and one person however many log in', async () => {
    const { mesh, makeCode, login } = setup()
    await using _ = mesh
    const [first, second] = [await makeCode(), await makeCode()]
    const people = [(await login(first)).person.id, (await login(second)).person.id]
    expect(new Set(people).size).toBe(1)
  })

  it('stops listening to an address after too many wrong codes, right ones included', async () => {
    const { mesh, makeCode, login } = setup()
    await using _ = mesh
    for (let n = 0; n < limits.guessesPerAddress; n++) {
      expect(await failure(login('2222-2222'))).toMatchObject({ code: 'login-refused' })
    }
    expect(await failure(login(await makeCode()))).toMatchObject({ code: 'congested' })
  })

  it('counts guesses that come all at once', async () => {
    const { mesh, login } = setup()
    await using _ = mesh
    const guesses = Array.from({ length: limits.guessesPerAddress * 2 }, () =>
      failure(login('2222-2222')),
    )
    const codes = (await Promise.all(guesses)).map(({ code }) => code)
    expect(codes.filter((code) => code === 'congested')).toHaveLength(limits.guessesPerAddress)
  })

  it('gives tokens that end, and keeps neither tokens nor codes in readable form', async () => {
    const { clock, store, mesh, makeCode, login } = setup()
    await using _ = mesh
    const { token, expiresAt } = await login(await makeCode())
    expect(expiresAt).toBe(clock.wall() + limits.tokenMs)
    clock.advance(limits.tokenMs)
    expect(await failure(mesh.client(token).whoami())).toMatchObject({ code: 'not-logged-in' })
    expect(store.read.tokens.login(new TextEncoder().encode(token), 0)).toBeUndefined()
  })

  it('refuses whatever is not a token', async () => {
    const { mesh } = setup()
    await using _ = mesh
    for (const token of ['', 'mesh_', `mesh_${'A'.repeat(43)}`, "' OR 1=1 --"]) {
      expect(await failure(mesh.client(token).rules())).toMatchObject({ code: 'not-logged-in' })
    }
    expect(await failure(mesh.client().rules())).toMatchObject({ code: 'not-logged-in' })
  })
})
