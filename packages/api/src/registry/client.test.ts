import { MeshError } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { problemResponse } from '../problem.js'
import { createRegistryClient, type Fetch } from './client.js'

const baseUrl = 'http://127.0.0.1:8080'
const person = { id: 'p', name: 'owner', role: 'owner' }

/** A client whose requests end here. */
const clientOf = (answer: (url: string, init: RequestInit) => Response | Promise<Response>) => {
  const calls: { url: string; init: RequestInit; headers: Headers }[] = []
  const fetch: Fetch = async (url, init) => {
    calls.push({ url, init, headers: new Headers(init.headers) })
    return answer(url, init)
  }
  return { calls, client: createRegistryClient({ baseUrl, token: 'mesh_secret', fetch }) }
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('the registry client', () => {
  it('sends what the row says, and the token only where the row wants one', async () => {
    const { client, calls } = clientOf(() => Response.json({ person, expiresAt: 1 }))
    await client.whoami()
    expect(calls[0]?.url).toBe(`${baseUrl}/v1/whoami`)
    expect(calls[0]?.headers.get('authorization')).toBe('Bearer mesh_secret')
    await failure(client.login({ body: { code: 'x' } }))
    expect(calls[1]?.init.method).toBe('POST')
    expect(calls[1]?.init.body).toBe('{"code":"x"}')
    expect(calls[1]?.headers.get('authorization')).toBeNull()
    expect(calls[1]?.init.redirect).toBe('error')
  })

  it('throws what the registry answered', async () => {
    const { client } = clientOf(() => problemResponse(new MeshError('name-taken', 'bob is taken')))
    const error = await failure(client.whoami())
    expect(error).toMatchObject({ code: 'name-taken', message: 'bob is taken' })
  })

  it('names the host when nobody or somebody else answers', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
    })
    const answers: (() => Response)[] = [
      () => {
        throw refused
      },
      () => new Response('<html>', { status: 502 }),
      () => new Response('<html>', { status: 200 }),
      () => Response.json({ person: 'nobody' }),
      () => new Response(null, { status: 204 }),
    ]
    for (const answer of answers) {
      const error = await failure(clientOf(answer).client.whoami())
      expect(error).toMatchObject({ code: 'registry-unreachable' })
      expect(error).toHaveProperty('message', expect.stringContaining('127.0.0.1:8080'))
    }
  })

  it('rejects with the reason of the caller who gives up', async () => {
    const { client } = clientOf(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    )
    const controller = new AbortController()
    const asked = failure(client.whoami({}, { signal: controller.signal }))
    const reason = new Error('I changed my mind')
    controller.abort(reason)
    expect(await asked).toBe(reason)
    expect(await failure(client.whoami({}, { signal: controller.signal }))).toBe(reason)
  })

  it('lets no secret travel in clear beyond this machine unless told to', () => {
    const create =
      (url: string, insecureHttp = false) =>
      () =>
        createRegistryClient({ baseUrl: url, insecureHttp })
    expect(create('http://mesh.example.com')).toThrow('without encryption')
    expect(create('http://mesh.example.com', true)).not.toThrow()
    expect(create('https://mesh.example.com')).not.toThrow()
    expect(create('http://localhost:1')).not.toThrow()
    for (const url of ['', 'mesh.example.com', 'ftp://a', 'https://u:p@a', 'https://a/?q']) {
      expect(create(url)).toThrow(MeshError)
    }
  })

  it('knows its base URL and its origin in one spelling', () => {
    const client = createRegistryClient({ baseUrl: 'https://Mesh.Example.com:443/mesh/' })
    expect(client.baseUrl).toBe('https://mesh.example.com/mesh')
    expect(client.origin).toBe('https://mesh.example.com')
  })
})
