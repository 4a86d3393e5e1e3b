import type { Crypto } from '../crypto.js'
import { tagLength } from '../crypto.js'
import type { SessionKeys } from './handshaking.js'
import { KeyChain } from './key-chain.js'
import { headerBytes, type PacketHeader, type Space, writePacketHeader } from './packet.js'

/** What sealing adds to a record. */
export const sealingBytes = headerBytes + tagLength

/** A session's four key chains: two directions, two spaces. */
export class SessionCipher {
  readonly #remoteIndex: number
  readonly #sending: Record<Space, KeyChain>
  readonly #receiving: Record<Space, KeyChain>

  constructor(crypto: Crypto, keys: SessionKeys, remoteIndex: number) {
    this.#remoteIndex = remoteIndex
    const chains = (key: Uint8Array) => ({
      data: new KeyChain(crypto, key, 'data'),
      control: new KeyChain(crypto, key, 'control'),
    })
    this.#sending = chains(keys.send)
    this.#receiving = chains(keys.receive)
  }

  /** The whole packet. */
  seal(space: Space, number: number, record: Uint8Array): Uint8Array {
    const packet = new Uint8Array(sealingBytes + record.length)
    writePacketHeader(packet, { kind: 'sealed', index: this.#remoteIndex, number, space })
    const header = packet.subarray(0, headerBytes)
    packet.set(this.#sending[space].seal(number, header, record), headerBytes)
    return packet
  }

  /** The record, or undefined where the packet is not authentic. */
  open(header: PacketHeader, packet: Uint8Array): Uint8Array | undefined {
    const chain = this.#receiving[header.space]
    return chain.open(header.number, packet.subarray(0, headerBytes), packet.subarray(headerBytes))
  }

  /** The record of a data packet that we sealed ourselves and still keep. */
  reopen(number: number, packet: Uint8Array): Uint8Array | undefined {
    const chain = this.#sending.data
    return chain.open(number, packet.subarray(0, headerBytes), packet.subarray(headerBytes))
  }

  /** Packets below these numbers matter no more. */
  sentBefore(space: Space, number: number): void {
    this.#sending[space].forgetBefore(number)
  }

  receivedBefore(space: Space, number: number): void {
    this.#receiving[space].forgetBefore(number)
  }

  rest(): void {
    for (const space of ['data', 'control'] as const) {
      this.#sending[space].rest()
      this.#receiving[space].rest()
    }
  }
}
