import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRegistryClient, registerAgent } from '@agent-mesh/api'
import { agentIdBytes, createKeypair, SecretKey, signCard } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { type Member, Mesh, MeshError, reply } from '@agent-mesh/sdk'
import { FaultyProxy, findInMemory, MeshServer, websocketMessages } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// Every one is random, and none is in a card or a rule: whoever has it has read the call.
const secrets = {
  capability: `secret.${random()}`,
  'capability that is denied': `denied.${random()}`,
  'request body': `body ${random()}`,
  'request type': `application/x-${random()}`,
  'metadata name': `name-${random()}`,
  'metadata value': `value ${random()}`,
  'call id': randomBytes(16).toString('base64url'),
  'answer body': `answer ${random()}`,
  'answer type': `text/x-${random()}`,
  'answer metadata': `answer value ${random()}`,
  'details of a failure': `details ${random()}`,
} as const

/** What the server has to know, and so what a search that works must find. */
const agentName = `bob-${random().slice(0, 12)}`

let proxy: FaultyProxy
let server: MeshServer
let alice: Member
let bob: Member
const meshes = [new Mesh({ crypto: nodeCrypto }), new Mesh({ crypto: nodeCrypto })] as const

beforeAll(async () => {
  proxy = await FaultyProxy.listen(undefined, { record: true })
  const args = ['--log-level', 'debug']
  server = await MeshServer.start({ publicUrls: [proxy.url], args })
  proxy.target = server.address
  const open = createRegistryClient({ baseUrl: proxy.url })
  const { token } = await open.login({ body: { code: await server.ownerCode() } })
  const registry = createRegistryClient({ baseUrl: proxy.url, token })
  const join = async (mesh: Mesh, name: string) => {
    const keypair = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
    const card = signCard(keypair, { name, sequence: 1, capabilities: [] })
    await registerAgent(registry, { keypair, card, crypto: nodeCrypto })
    return mesh.join({ keypair, server: proxy.url })
  }
  alice = await join(meshes[0], 'alice')
  bob = await join(meshes[1], agentName)
  const rule = { from: 'alice', to: agentName }
  await registry.addRule({ body: { effect: 'allow', ...rule, capability: 'secret.*' } })
  await registry.addRule({ body: { effect: 'allow', ...rule, capability: 'failing' } })
  await Promise.all([alice.ready(), bob.ready()])
})

afterAll(async () => {
  for (const mesh of meshes) await mesh[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
})

function random(): string {
  return randomBytes(16).toString('hex')
}

/** One call that is answered, one that fails with details, one that no rule allows. */
async function callWithSecrets(): Promise<void> {
  bob.onCall(async (call) => {
    if (call.capability === 'failing') {
      const details = { reason: secrets['details of a failure'] }
      throw new MeshError('handler-failed', 'it failed', { details })
    }
    expect(await call.text()).toBe(secrets['request body'])
    const meta = { key: secrets['answer metadata'] }
    return reply(secrets['answer body'], { type: secrets['answer type'], meta })
  })
  const answer = await alice.call(agentName, secrets.capability, secrets['request body'], {
    type: secrets['request type'],
    meta: { [secrets['metadata name']]: secrets['metadata value'] },
    id: secrets['call id'],
  })
  expect(await answer.text()).toBe(secrets['answer body'])
  const failed = alice.call(agentName, 'failing', 'now')
  await expect(failed).rejects.toMatchObject({ code: 'handler-failed' })
  const denied = alice.call(agentName, secrets['capability that is denied'], 'please')
  await expect(denied).rejects.toMatchObject({ code: 'denied' })
}

/** A text as somebody might have written it down. */
function spellings(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].map((shift) => {
    // Where it stands in a longer text decides between three spellings; the edges mix with it.
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64url')
    return whole.slice(shift === 0 ? 0 : 4, -4)
  })
  const texts = [bytes.toString('hex'), JSON.stringify(text).slice(1, -1), ...base64]
  return [bytes, Buffer.from(text, 'utf16le'), ...texts.map((one) => Buffer.from(one))]
}

const isIn = (place: Buffer, text: string) => spellings(text).some((one) => place.includes(one))

/** Which of the secrets are there. */
function found(place: Buffer): string[] {
  return Object.entries(secrets).flatMap(([name, text]) => (isIn(place, text) ? [name] : []))
}

describe('a relay and its server', () => {
  it('carry calls', callWithSecrets)

  it('see nothing of them on the wire', () => {
    const recordings = proxy.recordings()
    expect(recordings.every(({ isComplete }) => isComplete)).toBe(true)
    const raw = recordings.flatMap(({ up, down }) => [up, down])
    const unmasked = recordings.map(websocketMessages).flatMap((messages) => {
      return messages === undefined ? [] : [...messages.up, ...messages.down]
    })
    const wire = Buffer.concat([...raw, ...unmasked])
    expect(found(wire)).toEqual([])
    expect(isIn(wire, agentName)).toBe(true)
    // Packets did pass here, and were looked into unmasked: each names its receiver.
    const toBob = unmasked.filter((message) => message[0] === 5 && message.includes(bobKey()))
    expect(toBob.length).toBeGreaterThan(3)
  })

  it('keep nothing of them in files', () => {
    const files = readdirSync(server.folder.path)
    expect(files).toContain('mesh.db')
    const kept = Buffer.concat(files.map((name) => readFileSync(server.folder.file(name))))
    expect(found(kept)).toEqual([])
    expect(isIn(kept, agentName)).toBe(true)
  })

  it('log nothing of them, at the most talkative level', () => {
    const log = Buffer.from(server.log)
    expect(found(log)).toEqual([])
    expect(log.toString()).toContain(String(server.port))
  })

  it('have nothing of them in memory', ({ skip }) => {
    const needles = Object.entries({ ...secrets, control: agentName }).flatMap(([name, text]) =>
      spellings(text).map((bytes, index): [string, Buffer] => [`${name} ${index}`, bytes]),
    )
    // It must not move things while we look.
    server.signal('SIGSTOP')
    const inMemory = findInMemory(server.pid, Object.fromEntries(needles))
    server.signal('SIGCONT')
    if (inMemory === undefined) skip('this system shows no memory of other processes')
    expect([...(inMemory ?? [])].filter((name) => !name.startsWith('control'))).toEqual([])
    expect([...(inMemory ?? [])].some((name) => name.startsWith('control'))).toBe(true)
  })
})

function bobKey(): Buffer {
  return Buffer.from(agentIdBytes(bob.id))
}
