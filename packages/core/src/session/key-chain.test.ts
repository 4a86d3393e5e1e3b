import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { SessionCipher } from './cipher.js'
import { KeyChain } from './key-chain.js'
import { epochPackets } from './limits.js'
import { decodePacketHeader } from './packet.js'
import { watchfulCrypto } from './testing/watchful-crypto.js'

const key = new Uint8Array(32).fill(1)
const header = new Uint8Array(16)
const record = utf8('record')

describe('a key chain', () => {
  test('follows the derivation of docs/protocol.md §4.1', () => {
    const { hmacBlake2s, aead } = nodeCrypto
    const chain0 = hmacBlake2s(key, utf8('agent-mesh data v1'))
    const chain1 = hmacBlake2s(chain0, Uint8Array.of(2))
    const chain = KeyChain.begin(nodeCrypto, key, 'data')
    const nonce = (n: number) =>
      Uint8Array.of(0, 0, 0, 0, n & 255, (n >> 8) & 255, n >> 16, 0, 0, 0, 0, 0)
    const key0 = hmacBlake2s(chain0, Uint8Array.of(1))
    expect(chain.seal(5, header, record)).toEqual(aead(key0).seal(nonce(5), header, record))
    const key1 = hmacBlake2s(chain1, Uint8Array.of(1))
    const first = epochPackets
    expect(chain.seal(first, header, record)).toEqual(aead(key1).seal(nonce(first), header, record))
  })

  test('gives these bytes', () => {
    const data = KeyChain.begin(nodeCrypto, key, 'data').seal(0, header, record)
    const control = KeyChain.begin(nodeCrypto, key, 'control').seal(65_536, header, record)
    expect(toHex(data)).toMatchInlineSnapshot(`"1622cdfb3dc098f51ac0dc59e77c8f8b4340c263fb7f"`)
    expect(toHex(control)).toMatchInlineSnapshot(`"fee3fe627fece51d2610534e2cbb6337993349b44fbb"`)
  })

  test('holds two epochs, and forgets those that are past', () => {
    const sender = KeyChain.begin(nodeCrypto, key, 'data')
    const receiver = KeyChain.begin(nodeCrypto, key, 'data')
    const last = sender.seal(epochPackets - 1, header, record)
    const next = sender.seal(epochPackets, header, record)
    sender.forgetBefore(epochPackets)
    const far = sender.seal(2 * epochPackets, header, record)
    expect(receiver.open(epochPackets - 1, header, last)).toEqual(record)
    expect(receiver.open(epochPackets, header, next)).toEqual(record)
    expect(receiver.open(2 * epochPackets, header, far)).toBeUndefined()
    receiver.forgetBefore(epochPackets)
    expect(receiver.open(epochPackets - 1, header, last)).toBeUndefined()
    expect(receiver.open(epochPackets, header, next)).toEqual(record)
    expect(receiver.open(2 * epochPackets, header, far)).toEqual(record)
  })

  test('a cipher that rested goes on where it was, with other keys for each direction and space', () => {
    const crypto = watchfulCrypto(nodeCrypto)
    const keys = { send: key, receive: new Uint8Array(32).fill(2) }
    const mirrored = { send: keys.receive, receive: keys.send }
    const first = SessionCipher.begin(crypto, keys, 7)
    first.sentBefore('data', 3 * epochPackets)
    const second = SessionCipher.resume(crypto, first.rest(), 7)
    const peer = SessionCipher.begin(crypto, mirrored, 8)
    peer.receivedBefore('data', 3 * epochPackets)
    for (const [space, number] of [
      ['data', 3 * epochPackets + 1],
      ['control', 0],
    ] as const) {
      const packet = second.seal(space, number, record)
      const decoded = decodePacketHeader(packet)
      expect(decoded).toEqual({ kind: 'sealed', index: 7, number, space })
      expect(decoded && peer.open(decoded, packet)).toEqual(record)
      expect(decoded && second.open(decoded, packet)).toBeUndefined()
    }
  })
})
