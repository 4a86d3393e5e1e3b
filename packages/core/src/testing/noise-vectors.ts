import { fromHex, toHex } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { CipherState } from '../noise/cipher-state.js'
import { HandshakeState, type PatternName } from '../noise/handshake.js'

/** A test vector in the format of the Noise wiki (cacophony, snow); all bytes in hex. */
export interface NoiseVector {
  readonly protocol_name: string
  readonly init_prologue: string
  readonly init_static: string
  readonly init_ephemeral: string
  readonly init_remote_static?: string
  readonly resp_prologue: string
  readonly resp_static: string
  readonly resp_ephemeral?: string
  readonly handshake_hash: string
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
}

export interface Transcript {
  readonly handshakeHash: string
  readonly messages: { payload: string; ciphertext: string }[]
}

/** Plays a vector through both halves; the transcript is to equal the vector's. */
export function playNoiseVector(crypto: Crypto, vector: NoiseVector): Transcript {
  const pattern = vector.protocol_name.split('_')[1] as PatternName
  const ephemeralOf = (hex?: string) => (hex ? { ephemeral: crypto.dhKey(fromHex(hex)) } : {})
  const initiator = new HandshakeState({
    pattern,
    role: 'initiator',
    crypto,
    prologue: fromHex(vector.init_prologue),
    static: crypto.dhKey(fromHex(vector.init_static)),
    ...ephemeralOf(vector.init_ephemeral),
    ...(vector.init_remote_static && { remoteStatic: fromHex(vector.init_remote_static) }),
  })
  const responder = new HandshakeState({
    pattern,
    role: 'responder',
    crypto,
    prologue: fromHex(vector.resp_prologue),
    static: crypto.dhKey(fromHex(vector.resp_static)),
    ...ephemeralOf(vector.resp_ephemeral),
  })
  let ends: Transport | undefined
  const messages = vector.messages.map(({ payload }, index) => {
    const fromInitiator = index % 2 === 0 || pattern === 'X'
    if (!initiator.isComplete) {
      const [writer, reader] = fromInitiator ? [initiator, responder] : [responder, initiator]
      const message = writer.writeMessage(fromHex(payload))
      return { payload: toHex(reader.readMessage(message)), ciphertext: toHex(message) }
    }
    ends ??= transport(crypto, initiator, responder)
    const { sealing, opening } = fromInitiator ? ends.forward : ends.backward
    const sealed = sealing.encryptWithAd(nothing, fromHex(payload))
    const opened = opening.decryptWithAd(nothing, sealed)
    return { payload: opened ? toHex(opened) : 'refused', ciphertext: toHex(sealed) }
  })
  return { handshakeHash: toHex(initiator.handshakeHash), messages }
}

const nothing = new Uint8Array(0)

interface Direction {
  readonly sealing: CipherState
  readonly opening: CipherState
}

interface Transport {
  readonly forward: Direction
  readonly backward: Direction
}

function transport(crypto: Crypto, one: HandshakeState, other: HandshakeState): Transport {
  const cipher = (key: Uint8Array) => new CipherState(crypto.aead(key))
  const [a, b] = [one.split(), other.split()]
  return {
    forward: { sealing: cipher(a.send), opening: cipher(b.receive) },
    backward: { sealing: cipher(b.send), opening: cipher(a.receive) },
  }
}
