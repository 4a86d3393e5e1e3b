import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equal, fromUtf8, toHex, utf8 } from '../bytes.js'
import { nobleCrypto } from '../crypto/noble.js'
import type { Crypto } from '../crypto.js'
import { backends } from '../node/backends.js'
import { nodeCrypto } from '../node/crypto.js'
import { HandshakeState } from './handshake.js'

const prologue = utf8('agent-mesh session v1\0test')
const headers = [utf8('header 1'), utf8('header 2'), utf8('header 3')]
const refusal = 'the handshake message is not valid'

const aliceSecret = new Uint8Array(32).fill(1)
const bobSecret = new Uint8Array(32).fill(2)
const alice = nodeCrypto.dhKey(aliceSecret)
const bob = nodeCrypto.dhKey(bobSecret)

interface Pair {
  initiator: HandshakeState
  responder: HandshakeState
}

function pairOf(crypto: Crypto = nodeCrypto): Pair {
  const shared = { pattern: 'XX', crypto, prologue } as const
  return {
    initiator: new HandshakeState({
      ...shared,
      role: 'initiator',
      static: crypto.dhKey(aliceSecret),
    }),
    responder: new HandshakeState({
      ...shared,
      role: 'responder',
      static: crypto.dhKey(bobSecret),
    }),
  }
}

/** Runs the first `count` messages; the nth carries the payload "n". */
function exchange({ initiator, responder }: Pair, count = 3): Uint8Array[] {
  const messages: Uint8Array[] = []
  for (let n = 0; n < count; n++) {
    const [writer, reader] = n % 2 === 0 ? [initiator, responder] : [responder, initiator]
    const message = writer.writeMessage(utf8(String(n + 1)), headers[n])
    messages.push(message)
    expect(fromUtf8(reader.readMessage(message, headers[n]))).toBe(String(n + 1))
  }
  return messages
}

describe.each(backends)('a handshake with %s', (_, crypto) => {
  it('ends with the same hash, crosswise keys, and each other’s static key', () => {
    const { initiator, responder } = pairOf(crypto)
    exchange({ initiator, responder })
    expect(initiator.isComplete && responder.isComplete).toBe(true)
    expect(initiator.handshakeHash).toEqual(responder.handshakeHash)
    const [a, b] = [initiator.split(), responder.split()]
    expect([a.send, a.receive]).toEqual([b.receive, b.send])
    expect(equal(a.send, a.receive)).toBe(false)
    expect(initiator.remoteStatic).toEqual(bob.publicKey)
    expect(responder.remoteStatic).toEqual(alice.publicKey)
  })

  it('refuses every message with any byte changed, and is unusable from then on', () => {
    for (let n = 0; n < 3; n++) {
      const before = pairOf(crypto)
      exchange(before, n)
      const [writer, reader] =
        n % 2 === 0 ? [before.initiator, before.responder] : [before.responder, before.initiator]
      const message = writer.writeMessage(utf8('payload'), headers[n])
      for (let at = 0; at < message.length; at++) {
        const changed = message.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))
        const victim = reader.fork()
        if (n === 0) {
          // Message 1 is in the clear: the change shows when message 2 is read.
          victim.readMessage(changed, headers[n])
          const reply = victim.writeMessage(utf8('reply'), headers[1])
          const sender = writer.fork()
          expect(() => sender.readMessage(reply, headers[1])).toThrow(refusal)
          continue
        }
        expect(() => victim.readMessage(changed, headers[n])).toThrow(refusal)
        expect(() => victim.readMessage(message, headers[n])).toThrow(refusal)
        expect(victim.isComplete).toBe(false)
        expect(() => victim.split()).toThrow('not complete')
      }
      // The original, of which all victims were forks, is none the worse for it.
      reader.readMessage(message, headers[n])
    }
  }, 120_000)

  it('refuses every message that is cut short or longer', () => {
    for (let n = 1; n < 3; n++) {
      const pair = pairOf(crypto)
      exchange(pair, n)
      const [writer, reader] =
        n === 2 ? [pair.initiator, pair.responder] : [pair.responder, pair.initiator]
      const message = writer.writeMessage(utf8('p'), headers[n])
      for (const length of [0, 1, 31, 32, 47, 48, 79, message.length - 1]) {
        const cut = message.subarray(0, Math.min(length, message.length - 1))
        expect(() => reader.fork().readMessage(cut, headers[n])).toThrow(refusal)
      }
      const longer = new Uint8Array(message.length + 1)
      longer.set(message)
      expect(() => reader.fork().readMessage(longer, headers[n])).toThrow(refusal)
      expect(() => reader.fork().readMessage(new Uint8Array(65_536), headers[n])).toThrow(refusal)
    }
    const { responder } = pairOf(crypto)
    expect(() => responder.readMessage(new Uint8Array(31))).toThrow(refusal)
  })

  it('refuses an ephemeral key that agrees on nothing', () => {
    const zero = new Uint8Array(32)
    const { responder } = pairOf(crypto)
    responder.readMessage(zero)
    expect(() => responder.writeMessage(new Uint8Array(0))).toThrow(refusal)
    const { initiator } = pairOf(crypto)
    initiator.writeMessage(new Uint8Array(0))
    expect(() => initiator.readMessage(new Uint8Array(96))).toThrow(refusal)
  })
})

describe('a handshake', () => {
  it('repeats no value over many runs', () => {
    const seen = new Set<string>()
    let made = 0
    const note = (bytes: Uint8Array) => {
      seen.add(toHex(bytes))
      made++
    }
    for (let run = 0; run < 200; run++) {
      const pair = pairOf()
      const [first, second, third] = exchange(pair) as [Uint8Array, Uint8Array, Uint8Array]
      const { send, receive } = pair.initiator.split()
      // Ephemerals, encrypted statics, payloads, hash and keys.
      note(first.subarray(0, 32))
      note(second.subarray(0, 32))
      for (const part of [second.subarray(32, 80), second.subarray(80), third.subarray(0, 48)]) {
        note(part)
      }
      for (const bytes of [third.subarray(48), pair.initiator.handshakeHash, send, receive]) {
        note(bytes)
      }
    }
    expect(seen.size).toBe(made)
  })

  it('works between the two backends', () => {
    const shared = { pattern: 'XX', prologue } as const
    const theirs = nobleCrypto.dhKey(bobSecret)
    const pair = {
      initiator: new HandshakeState({
        ...shared,
        crypto: nodeCrypto,
        role: 'initiator',
        static: alice,
      }),
      responder: new HandshakeState({
        ...shared,
        crypto: nobleCrypto,
        role: 'responder',
        static: theirs,
      }),
    }
    exchange(pair)
    expect(pair.initiator.split().send).toEqual(pair.responder.split().receive)
  })

  it('refuses messages replayed from an earlier run', () => {
    const [first, second, third] = exchange(pairOf()) as [Uint8Array, Uint8Array, Uint8Array]
    const { initiator, responder } = pairOf()
    initiator.writeMessage(utf8('1'), headers[0])
    expect(() => initiator.fork().readMessage(second, headers[1])).toThrow(refusal)
    // Message 1 may always be played again; what answers it is fresh, and the old third message
    // does not fit it.
    responder.readMessage(first, headers[0])
    responder.writeMessage(utf8('2'), headers[1])
    expect(() => responder.readMessage(third, headers[2])).toThrow(refusal)
  })

  it('refuses its own messages reflected', () => {
    const { initiator } = pairOf()
    const first = initiator.writeMessage(utf8('1'))
    expect(() => initiator.readMessage(first)).toThrow(refusal)
  })

  it('shows a stranger as a stranger before anything is said to it', () => {
    const stranger = nodeCrypto.dhKey(new Uint8Array(32).fill(3))
    const { initiator } = pairOf()
    const responder = new HandshakeState({
      pattern: 'XX',
      role: 'responder',
      crypto: nodeCrypto,
      prologue,
      static: stranger,
    })
    responder.readMessage(initiator.writeMessage(utf8('1')))
    initiator.readMessage(responder.writeMessage(utf8('2')))
    expect(initiator.remoteStatic).toEqual(stranger.publicKey)
    expect(initiator.remoteStatic).not.toEqual(bob.publicKey)
  })

  it('refuses a downgrade: ends with different prologues do not understand each other', () => {
    const shared = { pattern: 'XX', crypto: nodeCrypto } as const
    const initiator = new HandshakeState({
      ...shared,
      role: 'initiator',
      static: alice,
      prologue: Uint8Array.of(2, 1, 2),
    })
    const responder = new HandshakeState({
      ...shared,
      role: 'responder',
      static: bob,
      prologue: Uint8Array.of(1, 1),
    })
    responder.readMessage(initiator.writeMessage(utf8('1')))
    const second = responder.writeMessage(utf8('2'))
    expect(() => initiator.readMessage(second)).toThrow(refusal)
  })

  it.each([0, 1, 2])('refuses message %i under a changed, missing or added header', (n) => {
    for (const header of [utf8('header X'), undefined, utf8(`${n}`)]) {
      const pair = pairOf()
      exchange(pair, n)
      const [writer, reader] =
        n % 2 === 0 ? [pair.initiator, pair.responder] : [pair.responder, pair.initiator]
      const message = writer.writeMessage(utf8('p'), headers[n])
      if (n > 0) {
        expect(() => reader.readMessage(message, header)).toThrow(refusal)
      } else {
        reader.readMessage(message, header)
        const reply = reader.writeMessage(utf8('q'), headers[1])
        expect(() => writer.readMessage(reply, headers[1])).toThrow(refusal)
      }
    }
  })

  it('never crashes on arbitrary bytes', () => {
    const readers = [0, 1, 2].map((count) => {
      const pair = pairOf()
      exchange(pair, count)
      return count === 1 ? pair.initiator : pair.responder
    })
    fc.assert(
      fc.property(fc.nat(2), fc.uint8Array({ maxLength: 200 }), (n, bytes) => {
        const reader = (readers[n] as HandshakeState).fork()
        if (n === 0 && bytes.length >= 32) {
          expect(reader.readMessage(bytes)).toEqual(bytes.subarray(32))
        } else {
          expect(() => reader.readMessage(bytes)).toThrow(refusal)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('takes turns', () => {
    const { initiator, responder } = pairOf()
    expect(() => responder.writeMessage(utf8(''))).toThrow("not this side's turn to write")
    expect(() => initiator.readMessage(utf8(''))).toThrow("not this side's turn to read")
    exchange({ initiator, responder })
    expect(() => initiator.writeMessage(utf8(''))).toThrow("not this side's turn")
    expect(() => pairOf().initiator.handshakeHash).toThrow('not complete')
  })

  it('writes no message that no link would carry', () => {
    const { initiator } = pairOf()
    expect(() => initiator.fork().writeMessage(new Uint8Array(65_504))).toThrow(refusal)
    expect(initiator.writeMessage(new Uint8Array(65_503))).toHaveLength(65_535)
  })

  it('tells the same whatever was wrong', () => {
    const errors = [new Uint8Array(0), new Uint8Array(96), new Uint8Array(200).fill(9)].map(
      (message) => {
        const { initiator } = pairOf()
        initiator.writeMessage(utf8(''))
        try {
          initiator.readMessage(message)
          return undefined
        } catch (error) {
          return JSON.stringify(error, Object.getOwnPropertyNames(error).filter(isTold))
        }
      },
    )
    expect(new Set(errors).size).toBe(1)
    expect(errors[0]).toContain('"code":"invalid"')
  })
})

function isTold(property: string): boolean {
  return property !== 'stack'
}
