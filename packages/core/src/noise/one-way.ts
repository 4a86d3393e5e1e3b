import type { Crypto, DhKey } from '../crypto.js'
import { HandshakeState } from './handshake.js'

export interface OneWaySealing {
  readonly crypto: Crypto
  readonly prologue: Uint8Array
  /** The sender's static key; the receiver learns its public half. */
  readonly from: DhKey
  /** The receiver's public key: its prekey, or its static key. */
  readonly to: Uint8Array
  readonly payload: Uint8Array
  /** For tests alone. */
  readonly ephemeral?: DhKey
}

export interface OneWayOpening {
  readonly crypto: Crypto
  readonly prologue: Uint8Array
  /** The receiver's key whose public half the sender sealed to. */
  readonly to: DhKey
  readonly message: Uint8Array
}

export interface Sealed {
  readonly message: Uint8Array
  /** For whatever follows the message (the chunks of a letter): 32 bytes, sender to receiver. */
  readonly key: Uint8Array
  readonly handshakeHash: Uint8Array
}

export interface Opened {
  readonly payload: Uint8Array
  /** The sender's static key. A thief of the receiver's key could have put any here: sign inside. */
  readonly from: Uint8Array
  readonly key: Uint8Array
  readonly handshakeHash: Uint8Array
}

/** Seals to someone who is away: Noise_X, 96 bytes longer than the payload. */
export function oneWaySeal(sealing: OneWaySealing): Sealed {
  const { crypto, prologue, ephemeral } = sealing
  const state = new HandshakeState({
    pattern: 'X',
    role: 'initiator',
    crypto,
    prologue,
    static: sealing.from,
    remoteStatic: sealing.to,
    ...(ephemeral && { ephemeral }),
  })
  const message = state.writeMessage(sealing.payload)
  return { message, key: state.split().send, handshakeHash: state.handshakeHash }
}

/** Opens what `oneWaySeal` made; throws 'invalid' for anything else. */
export function oneWayOpen(opening: OneWayOpening): Opened {
  const { crypto, prologue } = opening
  const state = new HandshakeState({
    pattern: 'X',
    role: 'responder',
    crypto,
    prologue,
    static: opening.to,
  })
  const payload = state.readMessage(opening.message)
  return {
    payload,
    from: state.remoteStatic as Uint8Array,
    key: state.split().receive,
    handshakeHash: state.handshakeHash,
  }
}
