import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../bytes.js'
import { backends } from '../node/backends.js'
import { agentRequestBytes, registrationBytes } from './requests.js'

const origin = 'http://127.0.0.1:8080'
const nonce = new Uint8Array(32).fill(0xaa)
const head = `0015${toHex(utf8(origin))}${'aa'.repeat(32)}`

describe('what an agent signs for a registry', () => {
  it.each(backends)('is origin, nonce and the card’s hash to register (%s)', (_, crypto) => {
    const bytes = registrationBytes(crypto, { origin, nonce, card: utf8('abc') })
    expect(toHex(bytes)).toBe(
      `${head}ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad`,
    )
  })

  it('is origin, nonce and purpose to ask for anything else', () => {
    const bytes = agentRequestBytes({ origin, nonce, purpose: 'feed' })
    expect(toHex(bytes)).toBe(`${head}66656564`)
  })

  it('takes a nonce of 32 bytes and an origin of sane length', () => {
    const short = { origin, nonce: new Uint8Array(31), purpose: 'feed' } as const
    expect(() => agentRequestBytes(short)).toThrow('nonce has 31 bytes instead of 32')
    const long = { origin: 'a'.repeat(513), nonce, purpose: 'feed' } as const
    expect(() => agentRequestBytes(long)).toThrow('at most 512')
  })
})
