import { describe, expect, it } from 'vitest'
import { backends } from '../node/backends.js'
import { type NoiseVector, playNoiseVector } from '../testing/noise-vectors.js'

// From the cacophony test vectors (public domain); test/published-vectors.test.ts has them all.
const keys = {
  init_prologue: '4a6f686e2047616c74',
  init_static: 'e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1',
  init_ephemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
  resp_prologue: '4a6f686e2047616c74',
  resp_static: '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
}

const payloads = [
  '4c756477696720766f6e204d69736573',
  '4d757272617920526f746862617264',
  '462e20412e20486179656b',
  '4361726c204d656e676572',
  '4a65616e2d426170746973746520536179',
  '457567656e2042f6686d20766f6e2042617765726b',
]

const vectors: NoiseVector[] = [
  {
    ...keys,
    protocol_name: 'Noise_XX_25519_ChaChaPoly_BLAKE2s',
    resp_ephemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
    handshake_hash: '6c4c56cf71612f72d05ceb96c0155e6f4ea54a26b504c93de632a2db4a49d200',
    messages: withPayloads([
      'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573',
      '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088437c365eb362a1c991b0557fe8a7fb187d99346765d93ec63db6c1b01504ebeec55a2298d2dbff80eff034d20595153f63a196a6cead1e11b2bb13e336fa13616dd3e8b0a070c882ed3f1a78c7c06c93',
      '46c3307de83b014258717d97781c1f50936d8b7d50c0722a1739654d10392d415b670c114f79b9a4f80541570f77ce88802efa4220cff733e7b5668ba38059ec904b4b8eef9448085faf51',
      'd5e83adfaac5dc324a68f1862df54549e56d209fba707205f328b2',
      'd102c9029b1f55c788f561ba7737afbccef9c9f1bf2f238167fd40ba9c1c134867',
      'cb1ce80960382c6d5d5e740ffb724d1432f0310b200fb6f8424120f506092744baa415e155',
    ]),
  },
  {
    ...keys,
    protocol_name: 'Noise_X_25519_ChaChaPoly_BLAKE2s',
    init_remote_static: '31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62',
    handshake_hash: 'f781a940343a817adc2483932dd05e7036171cdcf1d0a0bf0cd869f7aa557c6a',
    messages: withPayloads([
      'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79448bc3b729d16d3944f1bfae9fa98e0d306234bfadc44880f99a69c6e55b6c1458e9c9dacab3f29aac44b435c57dc436d0830ae461a4479228789a38085be55b13e0128564987994de842e73dd0a5c328b',
      'aee89720731c98ccf15f4495ae3f6f2f7ed8e2164a1494c9e785b076e69cfc',
      'c88787701dc4365fe9dee7c0f23d91afdc214a459eadbc9f1d0220',
      'd784542b85444798fb7d5bd1317f61ad701b43dd63fe3503efb267',
      'fd60a2da59e84a83e247f291752c71036b01f5ca996d8c24f324bf9260b6809d02',
      '1897139789b0cf8063b7ae9eba73d1e49e753ab7bb3f19316e54d3e20c69f25e819789c85f',
    ]),
  },
]

function withPayloads(ciphertexts: string[]) {
  return ciphertexts.map((ciphertext, i) => ({ payload: payloads[i] as string, ciphertext }))
}

describe.each(backends)('Noise with %s', (_, crypto) => {
  it.each(vectors)('plays $protocol_name byte for byte', (vector) => {
    expect(playNoiseVector(crypto, vector)).toEqual({
      handshakeHash: vector.handshake_hash,
      messages: vector.messages,
    })
  })
})
