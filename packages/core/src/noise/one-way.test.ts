import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../bytes.js'
import { backends } from '../node/backends.js'
import { nodeCrypto } from '../node/crypto.js'
import { oneWayOpen, oneWaySeal } from './one-way.js'

const prologue = utf8('letter')
const from = nodeCrypto.dhKey(new Uint8Array(32).fill(1))
const to = nodeCrypto.dhKey(new Uint8Array(32).fill(2))
const refusal = 'the handshake message is not valid'

function seal(payload: Uint8Array, crypto = nodeCrypto) {
  return oneWaySeal({ crypto, prologue, from, to: to.publicKey, payload })
}

describe.each(backends)('a one-way message with %s', (_, crypto) => {
  it('is opened by its receiver, who learns the sender, and both hold one key', () => {
    const sealed = seal(utf8('hello'), crypto)
    const opened = oneWayOpen({ crypto, prologue, to, message: sealed.message })
    expect(opened.payload).toEqual(utf8('hello'))
    expect(opened.from).toEqual(from.publicKey)
    expect(opened.key).toEqual(sealed.key)
    expect(opened.handshakeHash).toEqual(sealed.handshakeHash)
  })

  it('is refused with any byte changed or missing', () => {
    const { message } = seal(utf8('hi'), crypto)
    for (let at = 0; at < message.length; at++) {
      const changed = message.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))
      // X25519 ignores the top bit of a public key, but the hash does not.
      expect(() => oneWayOpen({ crypto, prologue, to, message: changed })).toThrow(refusal)
      const cut = message.subarray(0, at)
      expect(() => oneWayOpen({ crypto, prologue, to, message: cut })).toThrow(refusal)
    }
  })

  it('is refused by another receiver and under another prologue', () => {
    const { message } = seal(utf8('hi'), crypto)
    expect(() => oneWayOpen({ crypto, prologue, to: from, message })).toThrow(refusal)
    const other = { crypto, prologue: utf8('Letter'), to, message }
    expect(() => oneWayOpen(other)).toThrow(refusal)
  })
})

describe('one-way messages', () => {
  it('are 96 bytes longer than what they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const { message } = seal(payload)
        expect(message).toHaveLength(payload.length + 96)
        expect(oneWayOpen({ crypto: nodeCrypto, prologue, to, message }).payload).toEqual(payload)
      }),
      { numRuns: 30 },
    )
  })

  it('never look alike, though they hold the same', () => {
    const [one, other] = [seal(utf8('same')), seal(utf8('same'))]
    expect(one.message).not.toEqual(other.message)
    expect(one.key).not.toEqual(other.key)
  })

  it('are not sealed to a key that agrees on nothing', () => {
    const to = new Uint8Array(32)
    const payload = utf8('hi')
    expect(() => oneWaySeal({ crypto: nodeCrypto, prologue, from, to, payload })).toThrow(refusal)
  })
})
