import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../bytes.js'
import { isMeshError } from '../errors.js'
import { backends } from '../node/backends.js'
import { type NoiseVector, playNoiseVector } from '../testing/noise-vectors.js'

// The full published sets: the Noise wiki's and Wycheproof's, as JSON files in MESH_VECTORS_DIR.
// They are not part of this repository; a handful of each stands as literals beside the sources.
const folder = process.env['MESH_VECTORS_DIR']

function read<T>(file: string): T {
  if (folder === undefined) throw new Error('MESH_VECTORS_DIR is not set')
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T
}

interface Suite<Group> {
  readonly testGroups: readonly Group[]
}

interface Common {
  readonly tcId: number
  readonly result: 'valid' | 'acceptable' | 'invalid'
  readonly flags: readonly string[]
}

interface SignatureGroup {
  readonly publicKey: { readonly pk: string }
  readonly tests: readonly (Common & { readonly msg: string; readonly sig: string })[]
}

interface AgreementGroup {
  readonly tests: readonly (Common & {
    readonly public: string
    readonly private: string
    readonly shared: string
  })[]
}

interface AeadGroup {
  readonly tests: readonly (Common & Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string>)[]
}

const reason = folder === undefined ? ' (skipped: MESH_VECTORS_DIR is not set)' : ''

describe.skipIf(folder === undefined).each(backends)(
  `published vectors with %s${reason}`,
  (_, crypto) => {
    it('plays every vector of Noise XX and X byte for byte', () => {
      const { vectors } = read<{ vectors: NoiseVector[] }>('noise-25519-chachapoly-blake2s.json')
      const ours = vectors.filter(({ protocol_name }) => /^Noise_XX?_/.test(protocol_name))
      expect(ours.map(({ protocol_name }) => protocol_name.split('_')[1]).sort()).toEqual([
        'X',
        'XX',
      ])
      for (const vector of ours) {
        const { handshake_hash: handshakeHash, messages } = vector
        expect(playNoiseVector(crypto, vector)).toEqual({ handshakeHash, messages })
      }
    })

    it('judges every Ed25519 signature of Wycheproof as published', () => {
      const { testGroups } = read<Suite<SignatureGroup>>('wycheproof-ed25519.json')
      const verdicts = testGroups.flatMap(({ publicKey, tests }) =>
        tests.map(({ tcId, msg, sig, result }) => {
          const valid = crypto.verify(fromHex(publicKey.pk), fromHex(msg), fromHex(sig))
          return { tcId, valid, published: result === 'valid' }
        }),
      )
      expect(verdicts.filter(({ valid, published }) => valid !== published)).toEqual([])
      expect(verdicts.length).toBeGreaterThan(100)
    })

    it('agrees as every X25519 vector of Wycheproof, or refuses an all-zero secret', () => {
      const { testGroups } = read<Suite<AgreementGroup>>('wycheproof-x25519.json')
      const tests = testGroups.flatMap((group) => group.tests)
      for (const test of tests) {
        const agreed = refusedOr(() =>
          toHex(crypto.dhKey(fromHex(test.private)).agree(fromHex(test.public))),
        )
        // "Acceptable" are keys of small order (refused), on the twist or not canonical (taken).
        const expected = /^0*$/.test(test.shared) ? 'refused' : test.shared
        expect([test.tcId, agreed]).toEqual([test.tcId, expected])
      }
      expect(tests.length).toBeGreaterThan(500)
    })

    it('seals and opens every ChaCha20-Poly1305 vector of Wycheproof, and refuses the invalid', () => {
      const { testGroups } = read<Suite<AeadGroup>>('wycheproof-chacha20_poly1305.json')
      const tests = testGroups.flatMap((group) => group.tests)
      for (const test of tests) {
        const [nonce, ad, plaintext] = [fromHex(test.iv), fromHex(test.aad), fromHex(test.msg)]
        const sealed = concat(fromHex(test.ct), fromHex(test.tag))
        const aead = crypto.aead(fromHex(test.key))
        const opened = refusedOr(() => aead.open(nonce, ad, sealed) ?? 'refused')
        const valid = test.result === 'valid'
        expect([test.tcId, opened]).toEqual([test.tcId, valid ? plaintext : 'refused'])
        if (valid) expect(aead.seal(nonce, ad, plaintext)).toEqual(sealed)
      }
      expect(tests.length).toBeGreaterThan(300)
    })
  },
)

function refusedOr<T>(compute: () => T): T | 'refused' {
  try {
    return compute()
  } catch (error) {
    if (isMeshError(error) && error.code === 'invalid') return 'refused'
    throw error
  }
}
