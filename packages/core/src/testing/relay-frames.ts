import fc from 'fast-check'
import {
  type Frame,
  type RefusalCode,
  refusalCode,
  type UndeliverableReason,
  undeliverableReason,
} from '../relay-protocol/frames.js'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const u53 = fc.maxSafeNat()
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })
const packet = fc.uint8Array({ maxLength: 300 })

/** A signed document in its binary form whose JSON is arbitrary bytes. */
const admission = fc.uint8Array({ maxLength: 200 }).map((json) => {
  const document = new Uint8Array(2 + json.length + 64).fill(7)
  document.set([json.length >> 8, json.length & 255])
  document.set(json, 2)
  return document
})

/** Any well-formed relay frame. */
export const relayFrames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('challenge' as const),
    nonce: bytes(32),
    maxPacket: u32,
    maxFramesPerSecond: u32,
    heartbeatMs: u32,
  }),
  fc.record({
    kind: fc.constant('login' as const),
    agent: bytes(32),
    clientNonce: bytes(32),
    instance: bytes(16),
    origin: fc.webUrl({ validSchemes: ['ws', 'wss'] }).map((url) => url.slice(0, 100)),
    admission,
    signature: bytes(64),
  }),
  fc.record({ kind: fc.constant('welcome' as const), epoch: u53, serverTimeMs: u53 }),
  fc.record({
    kind: fc.constant('refused' as const),
    code: fc.constantFrom(...(Object.keys(refusalCode) as RefusalCode[])),
    retryAfterMs: u32,
  }),
  fc.record({ kind: fc.constant('send' as const), to: bytes(32), packet }),
  fc.record({ kind: fc.constant('packet' as const), from: bytes(32), packet }),
  fc.record({
    kind: fc.constant('undeliverable' as const),
    to: bytes(32),
    reason: fc.constantFrom(...(Object.keys(undeliverableReason) as UndeliverableReason[])),
    first: u53,
    count: u32,
    retryAfterMs: u32,
  }),
  fc.record({ kind: fc.constant('throttled' as const), ms: u32 }),
  fc.record({
    kind: fc.constant('draining' as const),
    ms: u32,
    relays: fc.array(fc.webUrl(), { maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant('replaced' as const) }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), token: u64 }),
  fc.record({ kind: fc.constant('renew' as const), admission }),
)
