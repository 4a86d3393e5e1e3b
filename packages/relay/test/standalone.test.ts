import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  agentIdBytes,
  createKeypair,
  type Keypair,
  relayPath,
  relaySubprotocol,
  SecretKey,
  signAdmission,
  signedToBytes,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Host, main } from '../src/main.js'
import { Client } from './harness.js'

const keypair = () => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)

/** `agent-mesh-relay` with everything but the process. */
class Command implements Host {
  readonly env = {}
  out = ''
  err = ''
  readonly stdout = { write: (text: string) => (this.out += text) }
  readonly stderr = { write: (text: string) => (this.err += text) }
  readonly exited: Promise<number>
  #onTerminate = () => {}

  constructor(...argv: string[]) {
    this.exited = main(argv, this)
  }

  once(signal: string, listener: () => void): void {
    if (signal === 'SIGTERM') this.#onTerminate = listener
  }

  off(): void {}

  exit(): void {}

  terminate(): void {
    this.#onTerminate()
  }
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** The URL in the ready file, once it is there. */
async function ready(command: Command, path: string): Promise<string> {
  let code: number | undefined
  void command.exited.then((exit) => {
    code = exit
  })
  for (;;) {
    const url = await readFile(path, 'utf8').catch(() => '')
    if (url !== '') return url
    if (code !== undefined) throw new Error(`exited with ${code}: ${command.err}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function link(url: string, agent: Keypair, admission?: Uint8Array): Promise<Client> {
  const webSocketUrl = `${url.replace('http', 'ws')}${relayPath}`
  const client = new Client(new WebSocket(webSocketUrl, [relaySubprotocol]))
  await client.login(agent, { url: webSocketUrl, ...(admission && { admission }) })
  return client
}

async function exchange(from: Client, to: Client, receiver: Keypair): Promise<void> {
  from.send({ kind: 'send', to: agentIdBytes(receiver.id), packet: Uint8Array.of(7) })
  expect((await to.take('packet')).packet[0]).toBe(7)
}

describe('agent-mesh-relay', () => {
  it('refuses to start for nobody, with exit code 3 and one sentence', async () => {
    const command = new Command('--listen', '127.0.0.1:0')
    expect(await command.exited).toBe(3)
    expect(command.err.split('\n')[0]).toBe('error: config: this relay would let nobody in')
    expect(command.out).toBe('')
  })

  it('says what it can do', async () => {
    const command = new Command('--help')
    expect(await command.exited).toBe(0)
    expect(command.out).toMatch(/--registry URL/)
    const versionCommand = new Command('--version')
    await versionCommand.exited
    expect(versionCommand.out).toBe('agent-mesh-relay 0.1.0 (protocol 1)\n')
  })

  it('names the address it cannot have', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const flags = ['--registry', 'http://127.0.0.1:1', '--log-level', 'error']
    const command = new Command('--listen', `127.0.0.1:${port}`, ...flags)
    expect(await command.exited).toBe(3)
    expect(command.err).toContain(`error: config: cannot listen on 127.0.0.1:${port}`)
    taken.close()
  })

  it('carries packets between listed agents, and lets nobody else in', async () => {
    const [alice, bob] = [keypair(), keypair()]
    const config = join(folder, 'relay.toml')
    await writeFile(config, `[[agents]]\nid = "${alice.id}"\n[[agents]]\nid = "${bob.id}"\n`)
    const path = join(folder, 'ready')
    const flags = ['--log-level', 'error', '--ready-file', path]
    const command = new Command(config, '--listen', '127.0.0.1:0', ...flags)
    const url = await ready(command, path)
    const [a, b] = [await link(url, alice), await link(url, bob)]
    await exchange(a, b, bob)
    await expect(link(url, keypair())).rejects.toThrow(/closed while waiting for welcome/)
    const status = await (await fetch(`${url}/status`)).json()
    expect(status).toMatchObject({ name: 'agent-mesh-relay', protocol: 1, links: 2 })
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/^mesh_relay_packets_total 1$/m)
    expect(metrics).toMatch(/^mesh_relay_refusals_total\{code="login-refused"\} 1$/m)
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(403)
    expect((await fetch(`${url}/nonsense`)).status).toBe(404)
    command.terminate()
    await Promise.all([a.take('draining'), b.take('draining')])
    a.socket.close()
    b.socket.close()
    expect(await command.exited).toBe(0)
  })

  describe('with a registry', () => {
    const registryKey = keypair()
    let registry: Server
    let registryUrl: string
    beforeEach(async () => {
      registry = createServer((_request, response) => {
        const body = { name: 'r', version: '1', protocol: 1, relays: [], origins: [] }
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ ...body, admissionKey: registryKey.id }))
      })
      await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
      registryUrl = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`
    })
    afterEach(() => {
      registry.closeAllConnections()
      registry.close()
    })

    it('verifies admissions with the key it fetched, alone', async () => {
      const path = join(folder, 'ready')
      const flags = ['--log-level', 'error', '--ready-file', path]
      const command = new Command('--listen', '127.0.0.1:0', '--registry', registryUrl, ...flags)
      const url = await ready(command, path)
      const admission = (agent: Keypair, ...groups: string[]) => {
        const notBefore = Date.now() - 1_000
        const statement = {
          id: agent.id,
          groups,
          foreign: [],
          notBefore,
          notAfter: notBefore + 60_000,
        }
        return signedToBytes(signAdmission(registryKey, statement).signed)
      }
      const [alice, bob] = [keypair(), keypair()]
      const a = await linkWhenKnown(url, alice, admission(alice, 'team'))
      const b = await link(url, bob, admission(bob, 'team'))
      await exchange(a, b, bob)
      await expect(link(url, keypair(), admission(bob, 'team'))).rejects.toThrow(/closed/)
      await expect(link(url, keypair())).rejects.toThrow(/closed/)
      a.socket.close()
      b.socket.close()
      command.terminate()
      expect(await command.exited).toBe(0)
    })

    /** The relay serves before it has the key, and says so to whoever comes too early. */
    async function linkWhenKnown(url: string, agent: Keypair, admission: Uint8Array) {
      for (;;) {
        try {
          return await link(url, agent, admission)
        } catch (error) {
          expect(String(error)).toMatch(/closed while waiting for welcome/)
        }
      }
    }
  })
})
