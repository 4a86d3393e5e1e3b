import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import { CipherState, noiseNonce } from './cipher-state.js'

const aead = nobleCrypto.aead(new Uint8Array(32))
const ad = utf8('ad')

describe('CipherState', () => {
  it('passes messages as they are while it has no key', () => {
    const cipher = new CipherState()
    expect(cipher.hasKey).toBe(false)
    expect(cipher.encryptWithAd(ad, utf8('clear'))).toEqual(utf8('clear'))
    expect(cipher.decryptWithAd(ad, utf8('clear'))).toEqual(utf8('clear'))
  })

  it('counts messages, and does not count a forged one', () => {
    const [sealing, opening] = [new CipherState(aead), new CipherState(aead)]
    const first = sealing.encryptWithAd(ad, utf8('1'))
    const second = sealing.encryptWithAd(ad, utf8('1'))
    expect(first).not.toEqual(second)
    expect(opening.decryptWithAd(ad, second)).toBeUndefined()
    expect(opening.decryptWithAd(ad, first)).toEqual(utf8('1'))
    expect(opening.decryptWithAd(ad, second)).toEqual(utf8('1'))
    expect(opening.decryptWithAd(ad, second)).toBeUndefined()
  })

  it('forks at the point where it is', () => {
    const opening = new CipherState(aead)
    const message = new CipherState(aead).encryptWithAd(ad, utf8('1'))
    const fork = opening.fork()
    expect(fork.decryptWithAd(ad, message)).toEqual(utf8('1'))
    expect(opening.decryptWithAd(ad, message)).toEqual(utf8('1'))
  })

  it('stops before a number would repeat itself', () => {
    const cipher = new CipherState(aead, Number.MAX_SAFE_INTEGER - 1)
    cipher.encryptWithAd(ad, utf8('the last'))
    expect(() => cipher.encryptWithAd(ad, utf8('one more'))).toThrow('all the messages it may')
    expect(() => cipher.decryptWithAd(ad, new Uint8Array(16))).toThrow('all the messages it may')
  })
})

describe('noiseNonce', () => {
  it.each([
    [0, '000000000000000000000000'],
    [1, '000000000100000000000000'],
    [0x1234_5678_9abc, '00000000bc9a785634120000'],
    [2 ** 53 - 2, '00000000feffffffffff1f00'],
  ])('of %i is four zero bytes and the number, little-endian', (n, hex) => {
    expect(toHex(noiseNonce(n))).toBe(hex)
  })
})
