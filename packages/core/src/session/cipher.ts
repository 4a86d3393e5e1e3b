import { concat } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { keyLength, tagLength } from '../crypto.js'
import type { SessionKeys } from './handshaking.js'
import { KeyChain } from './key-chain.js'
import { headerBytes, type PacketHeader, type Space, writePacketHeader } from './packet.js'

/** What sealing adds to a record. */
export const sealingBytes = headerBytes + tagLength

/** The four chains' 32 bytes, one after the other, and their epochs. */
export interface CipherRest {
  readonly chains: Uint8Array
  readonly epochs: readonly number[]
}

const order = [
  ['send', 'data'],
  ['send', 'control'],
  ['receive', 'data'],
  ['receive', 'control'],
] as const

/** A session's four key chains: two directions, two spaces. */
export class SessionCipher {
  readonly #remoteIndex: number
  /** In the order of `order`. */
  readonly #chains: readonly KeyChain[]

  private constructor(chains: readonly KeyChain[], remoteIndex: number) {
    this.#chains = chains
    this.#remoteIndex = remoteIndex
  }

  static begin(crypto: Crypto, keys: SessionKeys, remoteIndex: number): SessionCipher {
    const chains = order.map(([way, space]) => KeyChain.begin(crypto, keys[way], space))
    return new SessionCipher(chains, remoteIndex)
  }

  static resume(crypto: Crypto, rest: CipherRest, remoteIndex: number): SessionCipher {
    const chains = rest.epochs.map((epoch, i) => {
      return new KeyChain(crypto, rest.chains.slice(i * keyLength, (i + 1) * keyLength), epoch)
    })
    return new SessionCipher(chains, remoteIndex)
  }

  /** What is needed to resume. */
  rest(): CipherRest {
    return {
      chains: concat(...this.#chains.map(({ chain }) => chain)),
      epochs: this.#chains.map(({ epoch }) => epoch),
    }
  }

  /** The whole packet. */
  seal(space: Space, number: number, record: Uint8Array): Uint8Array {
    const packet = new Uint8Array(sealingBytes + record.length)
    writePacketHeader(packet, { kind: 'sealed', index: this.#remoteIndex, number, space })
    const header = packet.subarray(0, headerBytes)
    packet.set(this.#chain('send', space).seal(number, header, record), headerBytes)
    return packet
  }

  /** The record, or undefined where the packet is not authentic. */
  open(header: PacketHeader, packet: Uint8Array): Uint8Array | undefined {
    const chain = this.#chain('receive', header.space)
    return chain.open(header.number, packet.subarray(0, headerBytes), packet.subarray(headerBytes))
  }

  /** The record of a data packet that we sealed ourselves and still keep. */
  reopen(number: number, packet: Uint8Array): Uint8Array | undefined {
    const chain = this.#chain('send', 'data')
    return chain.open(number, packet.subarray(0, headerBytes), packet.subarray(headerBytes))
  }

  /** Packets below these numbers matter no more. */
  sentBefore(space: Space, number: number): void {
    this.#chain('send', space).forgetBefore(number)
  }

  receivedBefore(space: Space, number: number): void {
    this.#chain('receive', space).forgetBefore(number)
  }

  #chain(way: keyof SessionKeys, space: Space): KeyChain {
    const at = (way === 'send' ? 0 : 2) + (space === 'data' ? 0 : 1)
    return this.#chains[at] as KeyChain
  }
}
