import { concat, equal, utf8 } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { type AgentId, agentIdBytes, x25519Of } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import { HandshakeState } from '../noise/handshake.js'
import { encodePacketHeader, headerBytes, type PacketKind } from './packet.js'

// The half-open states of Noise XX (docs/protocol.md §4):
//
//   1  count u8 ‖ versions ‖ Noise message 1 (empty payload)
//   2  Noise message 2, payload: version u8 ‖ payload kind u8 ‖ incarnation 16
//   3  Noise message 3, payload: payload kind u8 ‖ incarnation 16 ‖ record
//
// Each packet's header is mixed into the Noise hash before its message. Whatever is forged leaves
// the state as it was: messages are read with a fork.

/** Versions we offer, the one we like best first. */
export const versions: readonly number[] = [1]

const prologueLabel = utf8('agent-mesh session v1\0')
/** Which process (and Endpoint) an agent is just now. */
export const incarnationBytes = 16
const maxVersions = 16
/** Payload kind 1, "a static key signed by the AgentId", is reserved. */
const plainPayload = 0

/** The largest record that message 3 can carry in a packet of `maxPacket` bytes. */
export function maxEarlyRecord(maxPacket: number): number {
  return maxPacket - headerBytes - 48 - 16 - 1 - incarnationBytes
}

export interface HandshakeParty {
  readonly keypair: Keypair
  readonly crypto: Crypto
  readonly incarnation: Uint8Array
}

export interface SessionKeys {
  readonly send: Uint8Array
  readonly receive: Uint8Array
}

/** What message 2 proved: who answers, and that message 3 may be written. Once. */
export interface Answered {
  readonly remoteIndex: number
  readonly incarnation: Uint8Array
  finish(record: Uint8Array): { packet: Uint8Array; keys: SessionKeys }
}

/** What message 3 proved. */
export interface Introduced {
  readonly incarnation: Uint8Array
  readonly record: Uint8Array
  readonly keys: SessionKeys
}

export class Initiator {
  readonly localIndex: number
  readonly packet: Uint8Array
  readonly #party: HandshakeParty
  readonly #peer: AgentId
  readonly #noise: HandshakeState

  constructor(party: HandshakeParty, peer: AgentId, localIndex: number) {
    this.#party = party
    this.#peer = peer
    this.localIndex = localIndex
    this.#noise = new HandshakeState({
      pattern: 'XX',
      role: 'initiator',
      crypto: party.crypto,
      prologue: prologue(versions, party.keypair.id, peer),
      static: party.keypair.noise,
    })
    const header = handshakeHeader('handshake1', 0, localIndex)
    const message = this.#noise.writeMessage(new Uint8Array(0), header)
    this.packet = concat(header, Uint8Array.of(versions.length, ...versions), message)
  }

  /** Undefined unless the packet is the expected peer's answer; then nothing has changed. */
  readAnswer(packet: Uint8Array, remoteIndex: number): Answered | undefined {
    const noise = this.#noise.fork()
    const payload = attempt(() =>
      noise.readMessage(packet.subarray(headerBytes), packet.subarray(0, headerBytes)),
    )
    if (payload?.length !== 2 + incarnationBytes) return undefined
    if (!versions.includes(payload[0] as number) || payload[1] !== plainPayload) return undefined
    // Before message 3 is written: it would tell a stranger who we are, and carry the first call.
    if (!isStaticOf(noise, this.#peer)) return undefined
    return {
      remoteIndex,
      incarnation: payload.slice(2),
      finish: (record) => {
        const header = handshakeHeader('handshake3', remoteIndex, this.localIndex)
        const kind = Uint8Array.of(plainPayload)
        const message = noise.writeMessage(concat(kind, this.#party.incarnation, record), header)
        return { packet: concat(header, message), keys: noise.split() }
      },
    }
  }
}

export class Responder {
  readonly localIndex: number
  readonly remoteIndex: number
  /** Message 1 as it came: the same again is answered by the same. */
  readonly request: Uint8Array
  /** Message 2. */
  readonly packet: Uint8Array
  readonly #peer: AgentId
  readonly #noise: HandshakeState

  private constructor(
    peer: AgentId,
    noise: HandshakeState,
    indices: { local: number; remote: number },
    packets: { request: Uint8Array; answer: Uint8Array },
  ) {
    this.#peer = peer
    this.#noise = noise
    this.localIndex = indices.local
    this.remoteIndex = indices.remote
    this.request = packets.request
    this.packet = packets.answer
  }

  /** Undefined where message 1 is malformed or offers no version of ours. */
  static answer(
    party: HandshakeParty,
    peer: AgentId,
    request: Uint8Array,
    indices: { local: number; remote: number },
  ): Responder | undefined {
    const count = request[headerBytes] ?? 0
    const start = headerBytes + 1
    if (count === 0 || count > maxVersions || request.length < start + count) return undefined
    const offered = [...request.subarray(start, start + count)]
    const version = versions.find((candidate) => offered.includes(candidate))
    if (version === undefined) return undefined
    const noise = new HandshakeState({
      pattern: 'XX',
      role: 'responder',
      crypto: party.crypto,
      // All that was offered: whoever takes a version away on the way breaks the handshake.
      prologue: prologue(offered, peer, party.keypair.id),
      static: party.keypair.noise,
    })
    const read = attempt(() =>
      noise.readMessage(request.subarray(start + count), request.subarray(0, headerBytes)),
    )
    if (read?.length !== 0) return undefined
    const header = handshakeHeader('handshake2', indices.remote, indices.local)
    const payload = concat(Uint8Array.of(version, plainPayload), party.incarnation)
    const message = attempt(() => noise.writeMessage(payload, header))
    if (message === undefined) return undefined
    const answer = concat(header, message)
    return new Responder(peer, noise, indices, { request: request.slice(), answer })
  }

  /** Undefined unless the packet is the expected peer's message 3; then nothing has changed. */
  readIntroduction(packet: Uint8Array): Introduced | undefined {
    const noise = this.#noise.fork()
    const payload = attempt(() =>
      noise.readMessage(packet.subarray(headerBytes), packet.subarray(0, headerBytes)),
    )
    if (payload === undefined || payload.length < 1 + incarnationBytes) return undefined
    if (payload[0] !== plainPayload || !isStaticOf(noise, this.#peer)) return undefined
    return {
      incarnation: payload.slice(1, 1 + incarnationBytes),
      record: payload.subarray(1 + incarnationBytes),
      keys: noise.split(),
    }
  }
}

function prologue(offered: readonly number[], initiator: AgentId, responder: AgentId): Uint8Array {
  const list = Uint8Array.of(offered.length, ...offered)
  return concat(prologueLabel, list, agentIdBytes(initiator), agentIdBytes(responder))
}

function handshakeHeader(kind: PacketKind, index: number, sender: number): Uint8Array {
  return encodePacketHeader({ kind, index, number: sender, space: 'data' })
}

function isStaticOf(noise: HandshakeState, peer: AgentId): boolean {
  return noise.remoteStatic !== undefined && equal(noise.remoteStatic, x25519Of(peer))
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    // A forged handshake message; which check refused it concerns nobody.
    return undefined
  }
}
