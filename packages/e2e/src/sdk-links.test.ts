import { createHash } from 'node:crypto'
import { MeshError, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { type IncomingCall, Mesh, MeshAgent, MeshClient } from '@agent-mesh/sdk'
import { eventually } from '@agent-mesh/testkit'
import { describe, expect, test } from 'vitest'
import { runsLong } from './long.js'
import { SdkWorld } from './sdk-world.js'

const mebibyte = 1024 * 1024

/** A handler that answers when the test says so, and counts how often it ran. */
class Slow {
  runs = 0
  readonly #release: (() => void)[] = []

  readonly handler = async (call: IncomingCall) => {
    this.runs += 1
    const body = await call.text()
    await new Promise<void>((resolve) => this.#release.push(resolve))
    return `done ${body}`
  }

  release(): void {
    for (const release of this.#release.splice(0)) release()
  }
}

/** Sends so many pieces and says what they hash to. */
function stream(pieces: number) {
  const hash = createHash('sha256')
  const piece = new Uint8Array(64 * 1024)
  const body = (async function* () {
    for (let i = 0; i < pieces; i++) {
      const next = piece.fill(i % 251).slice()
      hash.update(next)
      yield next
    }
  })()
  return { body, digest: () => hash.digest('hex') }
}

async function digest(call: IncomingCall): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of call.body()) hash.update(bytes)
  return hash.digest('hex')
}

// meshctl and meshd go through the same in link-dies and relay-dies-mid-transfer, every time.
describe.runIf(runsLong)('a call in flight', () => {
  test('survives its caller’s dead link, exactly once', async () => {
    const { world, proxies } = await SdkWorld.behindProxies(1)
    await using _ = world
    const [proxy] = proxies
    const slow = new Slow()
    const { alice } = await world.pair({ slow: slow.handler }, { alice: proxy?.url ?? '' })
    const call = alice.call('bob', 'slow', 'one')
    await eventually(() => slow.runs === 1, { what: 'the handler' })
    proxy?.cut()
    slow.release()
    expect(await (await call).text()).toBe('done one')
    expect(slow.runs).toBe(1)
  })

  test('survives a restart of the server on its address, exactly once', async () => {
    await using world = await SdkWorld.start()
    const slow = new Slow()
    const { alice, bob } = await world.pair({ slow: slow.handler })
    const call = alice.call('bob', 'slow', 'one')
    await eventually(() => slow.runs === 1, { what: 'the handler' })
    await world.server.restart()
    slow.release()
    expect(await (await call).text()).toBe('done one')
    expect(slow.runs).toBe(1)
    await eventually(() => bob.status.state === 'online', { what: 'bob online again' })
    const next = alice.call('bob', 'slow', 'two')
    await eventually(() => slow.runs === 2, { what: 'the next call' })
    slow.release()
    expect(await (await next).text()).toBe('done two')
  })

  test('that is made while the server is away waits for it, and for the peer to come back', async () => {
    await using world = await SdkWorld.start()
    const { alice } = await world.pair({ echo: (call) => call.bytes() })
    await world.server.kill()
    await eventually(() => alice.status.state !== 'online', { what: 'alice to notice' })
    const call = alice.call('bob', 'echo', 'patience')
    await world.server.restart()
    expect(await (await call).text()).toBe('patience')
  })

  test('survives a server that is killed in the middle of a transfer', async () => {
    await using world = await SdkWorld.start()
    const { alice } = await world.pair({ digest })
    const { body, digest: expected } = stream(320)
    let sent = 0
    const counted = (async function* () {
      for await (const piece of body) {
        sent += piece.length
        yield piece
      }
    })()
    const call = alice.call('bob', 'digest', counted)
    await eventually(() => sent > 5 * mebibyte, { what: 'a quarter of the transfer' })
    await world.server.kill()
    await world.server.restart()
    expect(await (await call).text()).toBe(expected())
  })

  test('survives links that break again and again on both sides', async () => {
    const { world, proxies } = await SdkWorld.behindProxies(2)
    await using _ = world
    const [one, two] = proxies
    const ways = { alice: one?.url ?? '', bob: two?.url ?? '' }
    const { alice } = await world.pair({ digest }, ways)
    const { body, digest: expected } = stream(320)
    const answer = alice.call('bob', 'digest', body)
    for (let round = 0; round < 3; round++) {
      await one?.passing('up', 2 * mebibyte)
      one?.cut()
      await two?.passing('down', 2 * mebibyte)
      two?.cut()
    }
    expect(await (await answer).text()).toBe(expected())
  })

  test('a relay that falls silent gets a second connection beside it', async () => {
    const { world, proxies } = await SdkWorld.behindProxies(1)
    await using _ = world
    const [proxy] = proxies
    const { alice } = await world.pair(
      { echo: (call) => call.bytes() },
      { alice: proxy?.url ?? '' },
    )
    await (await alice.call('bob', 'echo', 'warm')).text()
    const { epoch } = alice.status.link
    const opened = proxy?.recordings().length ?? 0
    proxy?.freeze()
    const call = alice.call('bob', 'echo', 'through')
    await eventually(() => (proxy?.recordings().length ?? 0) > opened, {
      what: 'a second connection',
    })
    expect(alice.status.link.state).toBe('live')
    proxy?.thaw()
    expect(await (await call).text()).toBe('through')
    await eventually(() => alice.status.link.epoch !== epoch, { what: 'the second to take over' })
    expect(alice.status.link.state).toBe('live')
  })
})

describe('one agent in two processes', () => {
  test('the newest wins; the older says so and does not come back', async () => {
    await using world = await SdkWorld.start()
    const key = await world.know('bob', ['echo'])
    const alice = await world.connect(await world.know('alice'))
    await world.allow('alice', 'bob')
    const older = await world.serve(key, { echo: () => 'older' })
    expect(await (await alice.call('bob', 'echo')).text()).toBe('older')
    const newer = await world.serve(key, { echo: () => 'newer' })
    await eventually(() => older.status.state === 'replaced', { what: 'the older to notice' })
    // The first call may still find the older session, and is told that its process is gone.
    const answer = await alice.call('bob', 'echo').catch(() => alice.call('bob', 'echo'))
    expect(await answer.text()).toBe('newer')
    older.member.verifyLinks()
    expect(older.status).toMatchObject({ state: 'replaced', link: { state: 'stopped' } })
    expect(newer.status.state).toBe('online')
    await expect(older.member.call('alice', 'x')).rejects.toBeInstanceOf(MeshError)
  })

  test('a receiver that restarts interrupts what it had begun', async () => {
    await using world = await SdkWorld.start()
    const key = await world.know('bob', ['slow'])
    const alice = await world.connect(await world.know('alice'))
    await world.allow('alice', 'bob')
    const first = new Slow()
    const second = new Slow()
    await world.serve(key, { slow: first.handler })
    const call = alice.call('bob', 'slow', 'x')
    const verdict = expect(call).rejects.toMatchObject({ code: 'interrupted' })
    await eventually(() => first.runs === 1, { what: 'the handler' })
    // Another process of the same agent: it knows nothing of the call.
    await world.serve(key, { slow: second.handler })
    await verdict
    expect([first.runs, second.runs]).toEqual([1, 0])
  })
})

describe('joining and leaving', () => {
  test('a key that nobody registered is told so', async () => {
    await using world = await SdkWorld.start()
    const key = SecretKey.generate(nodeCrypto)
    await expect(MeshClient.connect({ server: world.url, key })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  test('a server that is not there is waited for until the signal says otherwise', async () => {
    await using world = await SdkWorld.start()
    const { key } = await world.know('alice')
    await world.server.kill()
    const abort = new AbortController()
    const connecting = MeshClient.connect({ server: world.url, key, signal: abort.signal })
    abort.abort('no patience')
    await expect(connecting).rejects.toBe('no patience')
    const patient = MeshClient.connect({ server: world.url, key })
    await world.server.restart()
    await using client = await patient
    expect(client.status.state).toBe('online')
  })

  test('a member works from what it knew while the registry is away', async () => {
    await using world = await SdkWorld.start()
    const { alice } = await world.pair({ echo: (call) => call.bytes() })
    const cached = alice.directory.state()
    expect(JSON.parse(JSON.stringify(cached))).toEqual(cached)
    await using mesh = new Mesh()
    const keypair = (await world.know('carol')).keypair
    await world.server.kill()
    const carol = mesh.join({ keypair, server: world.url, cached })
    expect(carol.directory.resolve('bob').name).toBe('bob')
    expect(carol.directory.isCurrent).toBe(false)
    await world.server.restart()
    await carol.ready()
    expect(carol.directory.isCurrent).toBe(true)
  })

  test('the end of a member ends its calls and its peers hear of it', async () => {
    await using world = await SdkWorld.start()
    const slow = new Slow()
    const bobKey = await world.know('bob', ['slow'])
    const alice = await world.connect(await world.know('alice'))
    await world.allow('alice', 'bob')
    const agent = await MeshAgent.serve({
      server: world.url,
      key: bobKey.key,
      capabilities: { slow: slow.handler },
    })
    const call = alice.call('bob', 'slow', 'x')
    const verdict = expect(call).rejects.toMatchObject({ code: 'interrupted' })
    await eventually(() => slow.runs === 1, { what: 'the handler' })
    await agent[Symbol.asyncDispose]()
    await verdict
    await agent[Symbol.asyncDispose]()
  })
})
