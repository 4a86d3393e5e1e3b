import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../bytes.js'
import { nodeCrypto } from '../node/crypto.js'
import { Initiator, Responder, versions } from './handshaking.js'
import { decodePacketHeader, headerBytes } from './packet.js'
import { flips, party as partyOf } from './testing/fixtures.js'

const party = () => partyOf(nodeCrypto)

/** A handshake up to message `until`, as the packets that were sent. */
function handshake(alice = party(), bob = party()) {
  const initiator = new Initiator(alice, bob.keypair.id, 11)
  const responder = Responder.answer(bob, alice.keypair.id, initiator.packet, {
    local: 22,
    remote: 11,
  })
  if (responder === undefined) throw new Error('no answer')
  const answered = initiator.readAnswer(responder.packet, 22)
  if (answered === undefined) throw new Error('no message 3')
  const finished = answered.finish(utf8('early'))
  return { alice, bob, initiator, responder, finished }
}

describe('a handshake', () => {
  test('gives both sides the same keys, crossed, and carries the early record', () => {
    const { responder, finished } = handshake()
    const introduced = responder.readIntroduction(finished.packet)
    expect(introduced?.record).toEqual(utf8('early'))
    expect(introduced?.keys.send).toEqual(finished.keys.receive)
    expect(introduced?.keys.receive).toEqual(finished.keys.send)
  })

  test('flipping any byte of message 1 leads to no session', () => {
    const { alice, bob, initiator } = handshake()
    for (const packet of flips(initiator.packet)) {
      const remote = decodePacketHeader(packet)?.number
      if (remote === undefined) continue
      const indices = { local: 22, remote }
      const responder = Responder.answer(bob, alice.keypair.id, packet, indices)
      if (responder === undefined) continue
      expect(initiator.readAnswer(responder.packet, 22)).toBeUndefined()
    }
  })

  test('flipping any byte of message 2 is refused, and the true one still works', () => {
    const { initiator, responder } = handshake()
    for (const packet of flips(responder.packet)) {
      expect(initiator.readAnswer(packet, 22)).toBeUndefined()
    }
    expect(initiator.readAnswer(responder.packet, 22)).toBeDefined()
  })

  test('flipping any byte of message 3 is refused, and the true one still works', () => {
    const { responder, finished } = handshake()
    for (const packet of flips(finished.packet)) {
      expect(responder.readIntroduction(packet)).toBeUndefined()
    }
    expect(responder.readIntroduction(finished.packet)).toBeDefined()
  })

  test('cutting any message short, or adding to it, is refused', () => {
    const { alice, bob, initiator, responder, finished } = handshake()
    for (let length = 0; length < initiator.packet.length; length++) {
      const cut = initiator.packet.subarray(0, length)
      const answer = Responder.answer(bob, alice.keypair.id, cut, { local: 22, remote: 11 })
      expect(answer).toBeUndefined()
    }
    for (let length = 0; length < responder.packet.length; length++) {
      expect(initiator.readAnswer(responder.packet.subarray(0, length), 22)).toBeUndefined()
    }
    for (let length = 0; length < finished.packet.length; length++) {
      expect(responder.readIntroduction(finished.packet.subarray(0, length))).toBeUndefined()
    }
    const more = (packet: Uint8Array) => concat(packet, Uint8Array.of(0))
    expect(initiator.readAnswer(more(responder.packet), 22)).toBeUndefined()
    expect(responder.readIntroduction(more(finished.packet))).toBeUndefined()
  })

  test('a stranger in the place of the responder learns nothing: no message 3 is written', () => {
    const alice = party()
    const [bob, mallory] = [party(), party()]
    const initiator = new Initiator(alice, bob.keypair.id, 11)
    // Mallory answers with her own static key, in Bob's name.
    const impostor = { ...mallory, keypair: { ...mallory.keypair, id: bob.keypair.id } }
    const indices = { local: 22, remote: 11 }
    const answer = Responder.answer(impostor, alice.keypair.id, initiator.packet, indices)
    expect(answer).toBeDefined()
    expect(answer && initiator.readAnswer(answer.packet, 22)).toBeUndefined()
  })

  test('a stranger in the place of the initiator is refused at message 3', () => {
    const [alice, bob, mallory] = [party(), party(), party()]
    const impostor = { ...mallory, keypair: { ...mallory.keypair, id: alice.keypair.id } }
    const initiator = new Initiator(impostor, bob.keypair.id, 11)
    const indices = { local: 22, remote: 11 }
    const responder = Responder.answer(bob, alice.keypair.id, initiator.packet, indices)
    const answered = responder && initiator.readAnswer(responder.packet, 22)
    const finished = answered?.finish(new Uint8Array(0))
    expect(finished && responder?.readIntroduction(finished.packet)).toBeUndefined()
  })

  test('a handshake meant for another agent is refused', () => {
    const [alice, bob, carol] = [party(), party(), party()]
    const initiator = new Initiator(alice, bob.keypair.id, 11)
    const indices = { local: 22, remote: 11 }
    const responder = Responder.answer(carol, alice.keypair.id, initiator.packet, indices)
    expect(responder && initiator.readAnswer(responder.packet, 22)).toBeUndefined()
  })

  test('a message 3 replayed into another handshake is refused', () => {
    const { alice, bob, finished } = handshake()
    const second = handshake(alice, bob)
    expect(second.responder.readIntroduction(finished.packet)).toBeUndefined()
  })

  test('a downgrade breaks: every version that was offered is in the prologue', () => {
    const [alice, bob] = [party(), party()]
    const initiator = new Initiator(alice, bob.keypair.id, 11)
    const list = Uint8Array.of(versions.length, ...versions)
    expect(initiator.packet.subarray(headerBytes, headerBytes + list.length)).toEqual(list)
    // On the way somebody adds a version (as if we had offered more and it was taken away).
    const message = initiator.packet.subarray(headerBytes + list.length)
    const header = initiator.packet.subarray(0, headerBytes)
    const changed = concat(header, Uint8Array.of(2, 1, 9), message)
    const indices = { local: 22, remote: 11 }
    const responder = Responder.answer(bob, alice.keypair.id, changed, indices)
    expect(responder).toBeDefined()
    expect(responder && initiator.readAnswer(responder.packet, 22)).toBeUndefined()
  })

  test('offers no version in common: no answer', () => {
    const [alice, bob] = [party(), party()]
    const { packet } = new Initiator(alice, bob.keypair.id, 11)
    const other = packet.slice()
    other[headerBytes + 1] = 77
    const indices = { local: 22, remote: 11 }
    expect(Responder.answer(bob, alice.keypair.id, other, indices)).toBeUndefined()
  })

  test('never writes the same bytes twice', () => {
    const [alice, bob] = [party(), party()]
    const seen = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const { initiator, responder, finished } = handshake(alice, bob)
      for (const { packet } of [initiator, responder, finished]) {
        seen.add(Buffer.from(packet.subarray(headerBytes)).toString('hex'))
      }
    }
    expect(seen.size).toBe(150)
  })
})
