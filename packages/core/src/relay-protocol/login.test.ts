import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import { agentIdBytes } from '../identity/agent-id.js'
import { createKeypair, SecretKey } from '../identity/keypair.js'
import { nodeCrypto as crypto } from '../node/crypto.js'
import { ClientLogin } from './client-login.js'
import { decodeRelayFrame, encodeFrame } from './codec.js'
import { loginTranscript } from './login-transcript.js'
import { relayOrigin } from './origin.js'
import { RelayLogin, type RelayLoginOutcome } from './relay-login.js'

const terms = { maxPacket: 65_535, maxFramesPerSecond: 2_000, heartbeatMs: 15_000 }
const url = 'ws://127.0.0.1:8080/relay/ws'
const instance = new Uint8Array(16).fill(9)
const admission = Uint8Array.from([0, 2, ...utf8('{}'), ...new Uint8Array(64)])
const origins = new Set([relayOrigin(url)])
const keypair = createKeypair(SecretKey.generate(crypto), crypto)

function relay(origins = ['ws://127.0.0.1:8080']): RelayLogin {
  return new RelayLogin({ crypto, origins: new Set(origins), terms, deadline: 10_000 })
}

function answerTo(challenge: Uint8Array, overrides: { url?: string } = {}): Uint8Array {
  const client = new ClientLogin({ keypair, crypto, url, instance, admission, ...overrides })
  const step = client.receive(decodeRelayFrame(challenge))
  if (step.kind !== 'answer') throw new Error(`expected an answer, got ${step.kind}`)
  return step.frame
}

function refusalOf(outcome: RelayLoginOutcome): string {
  return outcome.kind === 'refused' ? outcome.code : 'proven'
}

describe('relay login', () => {
  it('proves the agent, its instance and its admission in one answer', () => {
    const half = relay()
    const outcome = half.receive(answerTo(half.challenge))
    expect(outcome).toEqual({
      kind: 'proven',
      login: { agent: keypair.id, agentBytes: agentIdBytes(keypair.id), instance, admission },
    })
    expect(half.deadline()).toBeUndefined()
  })

  it('signs the nonces, the instance and the origin, in this order', () => {
    const bytes = loginTranscript({
      relayNonce: new Uint8Array(32).fill(1),
      clientNonce: new Uint8Array(32).fill(2),
      instance,
      origin: 'ws://a',
    })
    const hex = `${'01'.repeat(32)}${'02'.repeat(32)}${'09'.repeat(16)}77733a2f2f61`
    expect(toHex(bytes)).toBe(hex)
  })

  it('refuses a login meant for another relay', () => {
    const half = relay()
    const answer = answerTo(half.challenge, { url: 'ws://other.example/relay/ws' })
    expect(refusalOf(half.receive(answer))).toBe('login-refused')
  })

  it('refuses a login recorded on another connection', () => {
    const recorded = answerTo(relay().challenge)
    expect(refusalOf(relay().receive(recorded))).toBe('login-refused')
  })

  it('takes one answer per challenge', () => {
    const half = relay()
    const answer = answerTo(half.challenge)
    expect(half.receive(answer).kind).toBe('proven')
    expect(refusalOf(half.receive(answer))).toBe('invalid')
  })

  it('refuses a signature made for another context', () => {
    const half = relay()
    const relayNonce = half.challenge.slice(1, 33)
    const clientNonce = crypto.randomBytes(32)
    const origin = relayOrigin(url)
    const transcript = loginTranscript({ relayNonce, clientNonce, instance, origin })
    const signature = keypair.sign('agent-request', transcript)
    const agent = agentIdBytes(keypair.id)
    const frame = { agent, clientNonce, instance, origin, admission, signature }
    expect(refusalOf(half.receive(encodeFrame({ kind: 'login', ...frame })))).toBe('login-refused')
  })

  it('refuses every single flipped byte outside the admission, which another key signed', () => {
    const half = relay()
    const answer = answerTo(half.challenge)
    const admissionStart = 1 + 32 + 32 + 16 + 2 + relayOrigin(url).length + 2
    const admissionEnd = admissionStart + 2 + 64
    // A fresh half with the same nonce for every try: each takes one answer.
    const nonce = half.challenge.slice(1, 33)
    const fixed = { ...crypto, randomBytes: () => nonce }
    for (let at = 0; at < answer.length; at++) {
      if (at >= admissionStart && at < admissionEnd) continue
      const tampered = answer.slice()
      tampered[at] = (tampered[at] as number) ^ 0x01
      const again = new RelayLogin({ crypto: fixed, origins, terms, deadline: 0 })
      expect(again.receive(tampered).kind, `byte ${at}`).toBe('refused')
    }
  })

  it.each([
    ['is no point', 'ff'.repeat(32)],
    ['is of small order', `01${'00'.repeat(31)}`],
    ['is not canonical', `ee${'ff'.repeat(30)}7f`],
  ])('takes no agent whose key %s, whatever the signature', (_name, hex) => {
    for (const backend of [crypto, nobleCrypto]) {
      const half = new RelayLogin({ crypto: backend, origins, terms, deadline: 0 })
      const answer = answerTo(half.challenge)
      answer.set(fromHex(hex), 1)
      // R = identity and S = 0 verify under a key of small order where nobody looks at the key.
      answer.fill(0, answer.length - 64)
      answer[answer.length - 64] = 1
      expect(refusalOf(half.receive(answer))).toBe('login-refused')
    }
  })

  it('never issues or answers with a nonce twice', () => {
    const nonces = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const { challenge } = relay()
      nonces.add(toHex(challenge.slice(1, 33)))
      nonces.add(toHex(answerTo(challenge).slice(33, 65)))
    }
    expect(nonces.size).toBe(100)
  })

  it('refuses packets before the login, garbage and nothing at all', () => {
    const send = encodeFrame({ kind: 'send', to: new Uint8Array(32), packet: new Uint8Array(3) })
    expect(refusalOf(relay().receive(send))).toBe('invalid')
    expect(refusalOf(relay().receive(Uint8Array.of(99, 1, 2)))).toBe('invalid')
    expect(refusalOf(relay().receive(new Uint8Array(0)))).toBe('invalid')
  })

  it('tells the client what the relay decided', () => {
    const client = () => {
      const half = new ClientLogin({ keypair, crypto, url, instance })
      half.receive(decodeRelayFrame(relay().challenge))
      return half
    }
    expect(client().receive({ kind: 'welcome', epoch: 7, serverTimeMs: 8 })).toEqual({
      kind: 'accepted',
      epoch: 7,
      serverTimeMs: 8,
    })
    expect(client().receive({ kind: 'refused', code: 'busy', retryAfterMs: 5 })).toEqual({
      kind: 'refused',
      code: 'busy',
      retryAfterMs: 5,
    })
  })

  it('lets a relay that is full refuse before it challenges', () => {
    const client = new ClientLogin({ keypair, crypto, url, instance })
    expect(client.receive({ kind: 'refused', code: 'busy', retryAfterMs: 5 }).kind).toBe('refused')
  })

  it('never answers a second challenge or believes a welcome that comes first', () => {
    const client = new ClientLogin({ keypair, crypto, url, instance })
    expect(() => client.receive({ kind: 'welcome', epoch: 1, serverTimeMs: 1 })).toThrow(/no place/)
    const challenge = decodeRelayFrame(relay().challenge)
    client.receive(challenge)
    expect(() => client.receive(challenge)).toThrow(/no place/)
  })
})

describe('relayOrigin', () => {
  it.each([
    ['ws://127.0.0.1:8080/relay/ws', 'ws://127.0.0.1:8080'],
    ['http://LOCALHOST:80/', 'ws://localhost'],
    ['https://mesh.example', 'wss://mesh.example'],
    ['wss://mesh.example:443/relay/ws?x=1', 'wss://mesh.example'],
    ['http://[::1]:9', 'ws://[::1]:9'],
  ])('spells %s as %s', (text, origin) => {
    expect(relayOrigin(text)).toBe(origin)
  })

  it.each(['', 'mesh.example', 'ftp://a', 'ws://'])('refuses %j', (text) => {
    expect(() => relayOrigin(text)).toThrow(/not the URL of a relay/)
  })
})
