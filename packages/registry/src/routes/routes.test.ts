import { type Problem, problemType, registryRoutes } from '@agent-mesh/api'
import { shortId } from '@agent-mesh/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.js'
import { createTestRegistry, failure, type TestRegistry } from '../testing/index.js'

const base = 'http://127.0.0.1:8080'
const ask = (mesh: TestRegistry, path: string, init: RequestInit = {}) =>
  mesh.registry.fetch(new Request(base + path, init), { address: '10.0.0.1' })
const problemOf = async (response: Response) => (await response.json()) as Problem
const authorized = (token: string) => ({ authorization: `Bearer ${token}` })

describe('looking agents up', () => {
  it('takes an id, a name or a unique prefix, and says what is not unique', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const bob = await mesh.agent({ name: 'bob' })
    const get = (id: string) => client.agent({ params: { id } })
    for (const target of [bob.id, 'bob', bob.id.slice(0, 6), shortId(bob.id)]) {
      expect((await get(target)).id).toBe(bob.id)
    }
    expect(await failure(get(bob.id.slice(0, 5)))).toMatchObject({ code: 'unknown-agent' })
    expect(await failure(get('../rules'))).toMatchObject({ code: 'unknown-agent' })
    expect(await failure(() => get('..'))).toMatchObject({ code: 'invalid' })
  })

  it('lets nobody pass for an agent by a name that begins its id', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    let bob = mesh.newKey()
    while (!/^[a-z0-9]{6}/.test(bob.id)) bob = mesh.newKey()
    await mesh.agent({ name: 'real' }, bob)
    const prefix = bob.id.slice(0, 6)
    await mesh.agent({ name: prefix })
    const error = await failure(client.agent({ params: { id: prefix } }))
    expect(error).toMatchObject({ code: 'ambiguous' })
    expect(error.details?.['candidates']).toHaveLength(2)
  })

  it('pages through all agents', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await mesh.agent({ name })
    const names: string[] = []
    let cursor: string | undefined
    do {
      const query = { limit: 2, ...(cursor === undefined ? {} : { cursor }) }
      const page = await client.findAgents({ query })
      expect(page.total).toBe(5)
      names.push(...page.agents.map(({ name }) => name))
      cursor = page.next
    } while (cursor !== undefined)
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('tells who is online, but not of those who hide it', async () => {
    const online = new Set<string>()
    await using mesh = createTestRegistry({ presence: (id) => online.has(id) })
    const { client } = await mesh.owner()
    online.add((await mesh.agent({ name: 'seen' })).id)
    online.add((await mesh.agent({ name: 'hidden', presence: 'hidden' })).id)
    await mesh.agent({ name: 'away' })
    const { agents } = await client.findAgents({ query: {} })
    const states = Object.fromEntries(agents.map(({ name, online }) => [name, online]))
    expect(states).toEqual({ seen: true, hidden: null, away: false })
  })
})

describe('rules', () => {
  it('are kept between ids and are the same when they mean the same', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    const alice = await mesh.agent({ name: 'alice' })
    const bob = await mesh.agent({ name: 'bob' })
    const add = (from: string, to: string, capability = 'echo') =>
      client.addRule({ body: { effect: 'allow', from, to, capability } })
    const { rule } = await add('alice', 'bob')
    expect((await add(alice.id, shortId(bob.id))).rule).toEqual(rule)
    const { rule: wide } = await add('*', 'bob', 'calendar.*')
    expect(wide).toMatchObject({ from: '*', fromName: null, createdBy: 'owner' })
    expect((await client.rules()).rules).toEqual([rule, wide])
    expect((await client.removeRule({ params: { id: rule.id } })).rule).toEqual(rule)
    expect((await client.rules()).rules).toEqual([wide])
    const again = client.removeRule({ params: { id: rule.id } })
    expect(await failure(again)).toMatchObject({ code: 'not-found' })
  })

  it('are refused for agents that nobody knows, and for patterns that are none', async () => {
    await using mesh = createTestRegistry()
    const { client } = await mesh.owner()
    await mesh.agent({ name: 'bob' })
    const add = (from: string, capability: string) =>
      failure(client.addRule({ body: { effect: 'allow', from, to: 'bob', capability } }))
    expect(await add('nobody', 'echo')).toMatchObject({ code: 'unknown-agent' })
    for (const capability of ['', 'a.*.b', '**', 'e cho', '.*']) {
      const error = await add('bob', capability)
      expect(error).toMatchObject({ code: 'invalid', details: { field: 'body.capability' } })
    }
  })
})

describe('a request that does not fit', () => {
  it('is answered with the field that is wrong', async () => {
    await using mesh = createTestRegistry()
    const { token } = await mesh.owner()
    const post = async (path: string, body: string) => {
      const headers = authorized(token)
      const response = await ask(mesh, path, { method: 'POST', headers, body })
      expect(response.headers.get('content-type')).toBe(problemType)
      return { status: response.status, detail: (await problemOf(response)).detail }
    }
    expect(await post('/v1/login', '{"code":')).toEqual({
      status: 400,
      detail: 'body: is not JSON',
    })
    expect(await post('/v1/login', '{}')).toEqual({ status: 400, detail: 'body.code: is missing' })
    expect(await post('/v1/login', '{"code":1}')).toEqual({
      status: 400,
      detail: 'body.code: must be of type string',
    })
    expect(await post('/v1/login', '{"code":"x","cod":1}')).toEqual({
      status: 400,
      detail: 'body.cod: is not a field of this request',
    })
    expect(await post('/v1/rules', '{"effect":"maybe"}')).toEqual({
      status: 400,
      detail: 'body.effect: must be one of allow, deny',
    })
    const query = await ask(mesh, '/v1/agents?limit=0', { headers: authorized(token) })
    expect((await problemOf(query)).detail).toBe('query.limit: must be at least 1')
    const twice = await ask(mesh, '/v1/agents?q=a&q=b', { headers: authorized(token) })
    expect((await problemOf(twice)).detail).toBe('query.q: is given twice')
    const cursor = await ask(mesh, '/v1/agents?cursor=AAAA', { headers: authorized(token) })
    expect((await problemOf(cursor)).details?.['field']).toBe('query.cursor')
  })

  it('is refused when it is too large, whether it says so or not', async () => {
    await using mesh = createTestRegistry()
    const body = 'x'.repeat(limits.bodyBytes + 1)
    expect((await ask(mesh, '/v1/login', { method: 'POST', body })).status).toBe(413)
    const stream = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 100; n++) controller.enqueue(new Uint8Array(10_000))
        controller.close()
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: stream, duplex: 'half' }
    expect((await ask(mesh, '/v1/login', init)).status).toBe(413)
  })

  it('to a place that is not there is a problem document too', async () => {
    await using mesh = createTestRegistry()
    const response = await ask(mesh, '/v2/agents')
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'not-found' })
  })

  it('tells nothing of our insides when we fail', async () => {
    await using mesh = createTestRegistry({
      presence: () => {
        throw new Error('SQLITE_IOERR at /var/lib/secret')
      },
    })
    const { token } = await mesh.owner()
    await failure(mesh.agent())
    const response = await ask(mesh, '/v1/agents', { headers: authorized(token) })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
  })
})

describe('garbage', () => {
  const doors = Object.values(registryRoutes).filter(({ method }) => method === 'POST')

  it('of any JSON shape is refused at every door without harm', async () => {
    await using mesh = createTestRegistry()
    const { token } = await mesh.owner()
    const hostile = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constantFrom('{"__proto__":{"code":"x"}}', '[[[[', `"${'\\u0000'.repeat(9)}"`, '1e999'),
      fc.record({ code: fc.anything(), card: fc.anything(), nonce: fc.anything() }).map(textOf),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...doors), hostile, async ({ path }, body) => {
        const init = { method: 'POST', headers: authorized(token), body }
        const { status } = await ask(mesh, path, init)
        const expected = path === '/v1/nonces' ? [200] : [400, 401, 429]
        expect(expected).toContain(status)
      }),
      { numRuns: 200 },
    )
  })

  it('in bytes, paths, queries and credentials is refused without harm', async () => {
    await using mesh = createTestRegistry()
    const { token } = await mesh.owner()
    const word = fc.string({ unit: 'binary', maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(word, word, fc.uint8Array(), async (name, value, body) => {
        const query = new URLSearchParams([[name, value]])
        const search = await ask(mesh, `/v1/agents?${query}`, { headers: authorized(token) })
        expect([200, 400]).toContain(search.status)
        const path = `/v1/agents/${encodeURIComponent(name)}`
        const one = await ask(mesh, path, { headers: authorized(token) })
        expect([200, 400, 404]).toContain(one.status)
        const post = await ask(mesh, '/v1/admissions', { method: 'POST', body })
        expect(post.status).toBe(400)
        const authorization = `Mesh-Agent ${query}`
        const agent = await ask(mesh, '/v1/agents', { headers: { authorization } })
        expect([400, 401]).toContain(agent.status)
      }),
      { numRuns: 60 },
    )
  })
})

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    return '{}'
  }
}
