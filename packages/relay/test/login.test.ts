import {
  agentIdBytes,
  encodeFrame,
  fromUtf8,
  type Keypair,
  relaySubprotocol,
} from '@agent-mesh/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Client, TestRelay } from './harness.js'

let relay: TestRelay
beforeEach(async () => {
  relay = await TestRelay.start()
})
afterEach(async () => {
  await relay[Symbol.asyncDispose]()
})

/** Sends `login` on a fresh connection and answers the refusal's code. */
async function refusalOf(client: Client, login: Uint8Array): Promise<string> {
  client.sendRaw(login)
  const { code } = await client.take('refused')
  await client.closed()
  return code
}

async function expectRefusal(keypair: Keypair, options = {}): Promise<string> {
  const client = relay.dial()
  return refusalOf(client, await client.answer(keypair, options))
}

describe('login', () => {
  it('challenges first, with its limits, and welcomes who holds the key', async () => {
    const client = relay.dial()
    await client.until(() => client.frames.length > 0)
    expect(client.frames[0]).toMatchObject({
      kind: 'challenge',
      maxPacket: 65_535,
      heartbeatMs: 15_000,
    })
    const alice = relay.agent('team')
    await client.login(alice)
    expect(relay.relay.isOnline(alice.id)).toBe(true)
    expect(relay.relay.status()).toMatchObject({ links: 1, halfOpen: 0 })
  })

  it('refuses a login that was meant for another relay', async () => {
    const alice = relay.agent('team')
    expect(await expectRefusal(alice, { url: 'ws://other.test' })).toBe('login-refused')
    expect(relay.relay.isOnline(alice.id)).toBe(false)
  })

  it('refuses a login that was recorded on another connection', async () => {
    const recorded = await relay.dial().answer(relay.agent('team'))
    const thief = relay.dial()
    await thief.take('challenge')
    expect(await refusalOf(thief, recorded)).toBe('login-refused')
  })

  it('refuses a login that a stranger signed', async () => {
    const client = relay.dial()
    const login = await client.answer(relay.agent('team'))
    login.set(agentIdBytes(relay.agent('team').id), 1)
    expect(await refusalOf(client, login)).toBe('login-refused')
  })

  it('refuses a login with a flipped byte', async () => {
    const client = relay.dial()
    const login = await client.answer(relay.agent('team'))
    login[40] = (login[40] as number) ^ 1
    expect(await refusalOf(client, login)).toBe('login-refused')
  })

  it('refuses an agent id that is no key', async () => {
    const client = relay.dial()
    const login = await client.answer(relay.agent('team'))
    login.fill(0xff, 1, 33)
    expect(await refusalOf(client, login)).toBe('login-refused')
  })

  it('refuses who is not admitted, and who was revoked, each by its name', async () => {
    expect(await expectRefusal(relay.agent())).toBe('login-refused')
    const bob = relay.agent('team')
    relay.gate.revoke(bob.id)
    expect(await expectRefusal(bob)).toBe('revoked')
  })

  it('says when the registry is out of reach', async () => {
    relay.gate.isCutOff = true
    expect(await expectRefusal(relay.agent('team'))).toBe('registry-unreachable')
  })

  it('survives a gate that breaks', async () => {
    relay.gate.admit = () => {
      throw new Error('disk on fire')
    }
    expect(await expectRefusal(relay.agent('team'))).toBe('registry-unreachable')
    expect(relay.events.some(({ event }) => event === 'relay.gate-failed')).toBe(true)
  })

  it('shows the gate the admission as it was sent', async () => {
    const admission = Uint8Array.from([0, 2, 0x7b, 0x7d, ...new Uint8Array(64).fill(5)])
    const seen: Uint8Array[] = []
    relay.gate.admit = (login) => {
      seen.push(login.admission)
      return { ok: true, groups: new Set(['team']), notAfter: login.nowWall + 1_000_000 }
    }
    await relay.link(relay.agent('team'), { admission })
    expect(seen).toEqual([admission])
  })

  it('handles packets of the login flight after the login', async () => {
    const bob = relay.agent('team')
    const receiver = await relay.link(bob)
    const alice = relay.agent('team')
    const sender = relay.dial()
    const login = await sender.answer(alice)
    sender.sendRaw(login)
    sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet: Uint8Array.of(1) })
    sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet: Uint8Array.of(2) })
    const from = Buffer.from(agentIdBytes(alice.id))
    const first = await receiver.take('packet')
    expect(Buffer.from(first.from)).toEqual(from)
    expect(first.packet[0]).toBe(1)
    expect((await receiver.take('packet')).packet[0]).toBe(2)
  })

  it('drops the packets of a login that was refused', async () => {
    const bob = relay.agent('team')
    const receiver = await relay.link(bob)
    const sender = relay.dial()
    sender.sendRaw(await sender.answer(relay.agent()))
    sender.send({ kind: 'send', to: agentIdBytes(bob.id), packet: Uint8Array.of(1) })
    await sender.closed()
    await receiver.roundTrip()
    expect(receiver.frames).toEqual([])
  })

  it('refuses a packet before the login', async () => {
    const client = relay.dial()
    await client.take('challenge')
    const send = encodeFrame({ kind: 'send', to: new Uint8Array(32), packet: new Uint8Array(1) })
    expect(await refusalOf(client, send)).toBe('invalid')
  })

  it('numbers connections upwards, and across restarts', async () => {
    const first = await relay.dial().login(relay.agent('team'))
    const second = await relay.dial().login(relay.agent('team'))
    expect(second).toBeGreaterThan(first)
    await using later = await TestRelay.start()
    expect(await later.dial().login(later.agent('team'))).toBeGreaterThan(second)
  })

  it('ends a login that never comes', async () => {
    await using hasty = await TestRelay.start({ loginMs: 50 })
    const client = hasty.dial()
    expect((await client.take('refused')).code).toBe('login-refused')
    await client.closed()
    expect(hasty.relay.status().halfOpen).toBe(0)
  })

  it('makes an address wait that brings nothing but failures', async () => {
    await using strict = await TestRelay.start({ failedLogins: 3, failedLoginsPerSecond: 0.001 })
    const stranger = strict.agent()
    for (let i = 0; i < 4; i++) {
      const client = strict.dial()
      client.sendRaw(await client.answer(stranger))
      expect((await client.take('refused')).code).toBe('login-refused')
    }
    const client = strict.dial()
    const refusal = await client.take('refused')
    expect(refusal.code).toBe('busy')
    expect(refusal.retryAfterMs).toBeGreaterThan(10_000)
    expect((await client.closed()).code).toBe(1013)
  })

  it('counts failures by the client that a proxy on this machine names, not by the proxy', async () => {
    await using strict = await TestRelay.start({ failedLogins: 3, failedLoginsPerSecond: 0.001 })
    const from = (address: string) => strict.dial({ headers: { 'x-forwarded-for': address } })
    for (let i = 0; i < 4; i++) {
      const client = from('203.0.113.9')
      client.sendRaw(await client.answer(strict.agent()))
      await client.closed()
    }
    expect((await from('10.0.0.1, 203.0.113.9').take('refused')).code).toBe('busy')
    await from('203.0.113.10').login(strict.agent('team'))
  })

  it('bounds a thousand half-open logins and still lets an honest client in', async () => {
    // Flood and client share this machine's one address, so the limit per address is set aside.
    await using bounded = await TestRelay.start({ halfOpen: 100, failedLogins: 10_000 })
    const flood = Array.from({ length: 1_000 }, () => bounded.dial())
    await Promise.all(flood.map((client) => client.until(() => client.frames.length > 0)))
    expect(bounded.relay.status().halfOpen).toBe(100)
    await bounded.link()
    expect(bounded.relay.status()).toMatchObject({ links: 1 })
    expect(bounded.relay.status().halfOpen).toBeLessThanOrEqual(100)
    for (const client of flood) client.socket.terminate()
  })

  it('bounds half-open logins per address', async () => {
    await using bounded = await TestRelay.start({ halfOpenPerAddress: 2 })
    const [first, second] = [bounded.dial(), bounded.dial()]
    await Promise.all([first.take('challenge'), second.take('challenge')])
    expect((await bounded.dial().take('refused')).code).toBe('busy')
    first.socket.terminate()
    second.socket.terminate()
  })

  it('logs neither keys nor admissions nor whole ids', async () => {
    const alice = relay.agent('team')
    await relay.link(alice)
    expect(await expectRefusal(relay.agent())).toBe('login-refused')
    const log = JSON.stringify(relay.events)
    expect(log).toContain(alice.id.slice(0, 8))
    expect(log).not.toContain(alice.id.slice(0, 12))
  })
})

describe('upgrade', () => {
  async function refusedUpgrade(url: string, protocols: string[]): Promise<string> {
    const socket = new WebSocket(url, protocols)
    return new Promise((resolve, reject) => {
      socket.on('open', () => reject(new Error('opened')))
      socket.on('error', () => {})
      socket.on('unexpected-response', (_request, response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          resolve(`${response.statusCode} ${fromUtf8(Buffer.concat(chunks)).trim()}`)
        })
      })
    })
  }

  it('refuses another path in HTTP', async () => {
    const url = relay.url.replace('/relay/ws', '/elsewhere')
    expect(await refusedUpgrade(url, [relaySubprotocol])).toBe(
      '404 no WebSocket here; the relay is at /relay/ws',
    )
  })

  it('refuses another subprotocol, and none, in HTTP', async () => {
    const answer = '400 this relay speaks the WebSocket subprotocol agent-mesh.v1'
    expect(await refusedUpgrade(relay.url, ['agent-mesh.v9'])).toBe(answer)
    expect(await refusedUpgrade(relay.url, [])).toBe(answer)
  })

  it('picks its subprotocol among others and refuses compression', async () => {
    const socket = new WebSocket(relay.url, ['x', relaySubprotocol], { perMessageDeflate: true })
    const client = new Client(socket)
    await client.take('challenge')
    expect(socket.protocol).toBe(relaySubprotocol)
    expect(socket.extensions).toBe('')
  })

  it('never challenges twice with one nonce', async () => {
    const nonces = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const client = relay.dial()
      const { nonce } = await client.take('challenge')
      nonces.add(Buffer.from(nonce).toString('hex'))
      client.socket.terminate()
    }
    expect(nonces.size).toBe(20)
  })
})
