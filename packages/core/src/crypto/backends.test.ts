import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../bytes.js'
import { backends } from '../node/backends.js'
import { bytesOf } from '../testing/index.js'
import { smallOrder } from '../testing/points.js'

// RFC 7748 §6.1
const a = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'
const aPublic = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'
const b = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'
const bPublic = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'
const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'

const invalid = expect.objectContaining({ code: 'invalid' })

// A handful that always runs; test/published-vectors.test.ts has the full sets.
describe.each(backends)('%s', (_, crypto) => {
  it.each([
    // RFC 8032 §7.1, tests 1 to 3: seed, public key, message, signature
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('signs and verifies RFC 8032 (%#)', (seed, publicKey, message, signature) => {
    const key = crypto.signingKey(fromHex(seed))
    expect(toHex(key.publicKey)).toBe(publicKey)
    expect(toHex(key.sign(fromHex(message)))).toBe(signature)
    expect(crypto.verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(true)
    expect(crypto.verify(fromHex(publicKey), utf8('other'), fromHex(signature))).toBe(false)
  })

  it('agrees as RFC 7748 §6.1 does', () => {
    const alice = crypto.dhKey(fromHex(a))
    const bob = crypto.dhKey(fromHex(b))
    expect(toHex(alice.publicKey)).toBe(aPublic)
    expect(toHex(bob.publicKey)).toBe(bPublic)
    for (const secret of [alice.agree(bob.publicKey), bob.agree(alice.publicKey)]) {
      expect(toHex(secret)).toBe(shared)
    }
  })

  it('masks the top bit of a public key and reads u ≥ p, as RFC 7748 §5 says', () => {
    const alice = crypto.dhKey(fromHex(a))
    const masked = fromHex(bPublic)
    masked[31] = (masked[31] as number) | 0x80
    expect(toHex(alice.agree(masked))).toBe(shared)
    const nine = fromHex(`f6${'ff'.repeat(30)}7f`)
    expect(toHex(alice.agree(nine))).toBe(aPublic)
  })

  it('refuses to agree with a point of small order', () => {
    const key = crypto.dhKey(fromHex(a))
    const forms = ['00', '01', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8']
    for (const form of forms) {
      const point = fromHex(form.padEnd(64, '0'))
      expect(() => key.agree(point), form).toThrow(invalid)
    }
    expect(() => key.agree(fromHex(`ec${'ff'.repeat(30)}7f`))).toThrow(invalid)
  })

  it('seals and opens RFC 8439 §2.8.2', () => {
    const aead = crypto.aead(
      fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
    )
    const nonce = fromHex('070000004041424344454647')
    const ad = fromHex('50515253c0c1c2c3c4c5c6c7')
    const plaintext = utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    )
    const sealed = aead.seal(nonce, ad, plaintext)
    expect(toHex(sealed)).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    )
    expect(aead.open(nonce, ad, sealed)).toEqual(plaintext)
  })

  it('opens nothing that was changed in any byte, cut short, or meant for another place', () => {
    const aead = crypto.aead(new Uint8Array(32).fill(1))
    const nonce = new Uint8Array(12)
    const ad = utf8('header')
    const sealed = aead.seal(nonce, ad, utf8('hi'))
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.map((byte, at) => (at === i ? byte ^ 0x40 : byte))
      expect(aead.open(nonce, ad, changed)).toBeUndefined()
      expect(aead.open(nonce, ad, sealed.subarray(0, i))).toBeUndefined()
    }
    expect(aead.open(nonce, utf8('Header'), sealed)).toBeUndefined()
    expect(aead.open(new Uint8Array(12).fill(1), ad, sealed)).toBeUndefined()
  })

  it('hashes as RFC 7693, FIPS 180 and RFC 2104 say', () => {
    // RFC 7693 appendix B; FIPS 180-2 appendix B.1
    expect(toHex(crypto.blake2s(utf8('a'), utf8('bc')))).toBe(
      '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982',
    )
    expect(toHex(crypto.sha256(utf8('a'), utf8('bc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  it('computes HMAC from the hash by its definition', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array(), (key, message) => {
        const pad = (value: number) =>
          Uint8Array.from({ length: 64 }, (_, i) => (key[i] ?? 0) ^ value)
        const expected = crypto.blake2s(pad(0x5c), crypto.blake2s(pad(0x36), message))
        expect(crypto.hmacBlake2s(key, message)).toEqual(expected)
      }),
    )
  })

  it('makes as many random bytes as asked, never the same twice', () => {
    expect(crypto.randomBytes(0)).toHaveLength(0)
    expect(
      crypto
        .randomBytes(70_000)
        .subarray(69_000)
        .some((byte) => byte !== 0),
    ).toBe(true)
    const seen = new Set(Array.from({ length: 100 }, () => toHex(crypto.randomBytes(16))))
    expect(seen.size).toBe(100)
  })

  it('gives out plain arrays, whose slice is a copy', () => {
    const key = crypto.signingKey(new Uint8Array(32))
    const aead = crypto.aead(new Uint8Array(32))
    const nonce = new Uint8Array(12)
    const sealed = aead.seal(nonce, nonce, nonce)
    const opened = aead.open(nonce, nonce, sealed)
    const made = [crypto.randomBytes(8), crypto.blake2s(nonce), key.publicKey, sealed, opened]
    for (const bytes of made) expect(bytes?.constructor).toBe(Uint8Array)
  })

  it('refuses keys and nonces of another length', () => {
    const short = new Uint8Array(31)
    expect(() => crypto.signingKey(short)).toThrow('seed has 31 bytes instead of 32')
    expect(() => crypto.dhKey(short)).toThrow(invalid)
    expect(() => crypto.dhKey(new Uint8Array(32)).agree(short)).toThrow(invalid)
    expect(() => crypto.aead(short)).toThrow(invalid)
    const aead = crypto.aead(new Uint8Array(32))
    expect(() => aead.seal(short, short, short)).toThrow(invalid)
    expect(() => aead.open(short, short, short)).toThrow(invalid)
  })

  it('keeps keys of its own: clearing what it was given changes nothing', () => {
    const secret = fromHex(a)
    const key = crypto.dhKey(secret)
    const signing = crypto.signingKey(secret)
    const aead = crypto.aead(secret)
    const nonce = new Uint8Array(12)
    const before = [
      key.agree(fromHex(bPublic)),
      signing.sign(nonce),
      aead.seal(nonce, nonce, nonce),
    ]
    secret.fill(0)
    const after = [key.agree(fromHex(bPublic)), signing.sign(nonce), aead.seal(nonce, nonce, nonce)]
    expect(after).toEqual(before)
  })
})

describe('the two backends', () => {
  const [[, noble], [, node]] = backends as [(typeof backends)[0], (typeof backends)[0]]

  it('compute the same from any input', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 })
    fc.assert(
      fc.property(bytesOf(32), bytesOf(12), parts, (key, nonce, list) => {
        const both = [noble, node].map((crypto) => [
          crypto.sha256(...list),
          crypto.blake2s(...list),
          crypto.hmacBlake2s(key, ...list),
          crypto.signingKey(key).publicKey,
          crypto.signingKey(key).sign(nonce),
          crypto.dhKey(key).publicKey,
          crypto.aead(key).seal(nonce, nonce, list[0] ?? key),
        ])
        expect(both[0]).toEqual(both[1])
      }),
      { numRuns: 30 },
    )
  })

  it('agree about any X25519 public key, or both refuse it', () => {
    const publicKeys = fc.oneof(bytesOf(32), fc.constantFrom(...smallOrder))
    fc.assert(
      fc.property(bytesOf(32), publicKeys, (secret, publicKey) => {
        const both = [noble, node].map((crypto) => {
          try {
            return toHex(crypto.dhKey(secret).agree(publicKey))
          } catch (error) {
            expect(error).toEqual(invalid)
            return 'refused'
          }
        })
        expect(both[0]).toBe(both[1])
      }),
      { numRuns: 50 },
    )
  })
})
