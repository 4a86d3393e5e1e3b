import { concat, utf8 } from '../bytes.js'
import type { Crypto, DhKey } from '../crypto.js'
import { keyLength, tagLength } from '../crypto.js'
import { MeshError } from '../errors.js'
import { maxPacketBytes } from '../limits.js'
import { SymmetricState } from './symmetric-state.js'

// The Noise Protocol Framework, revision 34, for Noise_{XX,X}_25519_ChaChaPoly_BLAKE2s.
//
//   XX:  → e                      X:  ← s   (known beforehand)
//        ← e, ee, s, es               …
//        → s, se                      → e, es, s, ss
//
// One addition: a message may come with header bytes, which are mixed into the hash before it is
// written or read (docs/protocol.md §4). They are then authenticated like a second prologue.

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss'

interface Pattern {
  /** Whether the initiator knows the responder's static key before the first message. */
  readonly responderKnown: boolean
  /** The tokens of each message; the initiator writes the first, then they take turns. */
  readonly messages: readonly (readonly Token[])[]
}

const patterns = {
  XX: {
    responderKnown: false,
    messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
  },
  X: {
    responderKnown: true,
    messages: [['e', 'es', 's', 'ss']],
  },
} as const satisfies Record<string, Pattern>

export type PatternName = keyof typeof patterns

export interface HandshakeOptions {
  readonly pattern: PatternName
  readonly role: 'initiator' | 'responder'
  readonly crypto: Crypto
  readonly prologue: Uint8Array
  /** The own static key. */
  readonly static: DhKey
  /** The responder's static key, for the initiator of X; the others learn it. */
  readonly remoteStatic?: Uint8Array
  /** The own ephemeral key, for tests alone; otherwise a fresh one is made when it is needed. */
  readonly ephemeral?: DhKey
}

const nothing = new Uint8Array(0)

/**
 * Noise §5.3, HandshakeState. Messages are written and read in turn; whatever is wrong with one
 * throws the same MeshError 'invalid', and the state is unusable from then on. Who must survive
 * forged messages reads them with a `fork()`.
 */
export class HandshakeState {
  readonly #options: HandshakeOptions
  readonly #pattern: Pattern
  #symmetric: SymmetricState
  #ephemeral: DhKey | undefined
  #remoteEphemeral: Uint8Array | undefined
  #remoteStatic: Uint8Array | undefined
  #turn = 0
  #failed = false

  constructor(options: HandshakeOptions) {
    this.#options = options
    this.#pattern = patterns[options.pattern]
    this.#ephemeral = options.ephemeral
    const { crypto, pattern, prologue } = options
    this.#symmetric = new SymmetricState(crypto, utf8(`Noise_${pattern}_25519_ChaChaPoly_BLAKE2s`))
    this.#symmetric.mixHash(prologue)
    if (!this.#pattern.responderKnown) return
    if (this.#isInitiator) this.#remoteStatic = options.remoteStatic
    this.#symmetric.mixHash(
      this.#isInitiator ? known(this.#remoteStatic) : options.static.publicKey,
    )
  }

  /** The peer's static key, once it was received; it is proven when the next message was read. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remoteStatic
  }

  /** Whether all messages were exchanged; then `split` and `handshakeHash` may be used. */
  get isComplete(): boolean {
    return !this.#failed && this.#turn === this.#pattern.messages.length
  }

  /** Names this handshake and nothing else (Noise §11.2); public, 32 bytes. */
  get handshakeHash(): Uint8Array {
    this.#needComplete()
    return this.#symmetric.handshakeHash
  }

  /** The keys of the two directions, 32 bytes each. */
  split(): { send: Uint8Array; receive: Uint8Array } {
    this.#needComplete()
    const [forward, backward] = this.#symmetric.split()
    return this.#isInitiator
      ? { send: forward, receive: backward }
      : { send: backward, receive: forward }
  }

  writeMessage(payload: Uint8Array, header: Uint8Array = nothing): Uint8Array {
    return this.#step('write', header, (tokens) => {
      const parts = tokens.map((token) => this.#write(token))
      const message = concat(...parts, this.#symmetric.encryptAndHash(payload))
      if (message.length > maxPacketBytes) throw malformed()
      return message
    })
  }

  /** The payload: authentic and secret as far as Noise §7.7 says for this message. */
  readMessage(message: Uint8Array, header: Uint8Array = nothing): Uint8Array {
    return this.#step('read', header, (tokens) => {
      if (message.length > maxPacketBytes) throw malformed()
      let rest = message
      for (const token of tokens) rest = this.#read(token, rest)
      return known(this.#symmetric.decryptAndHash(rest))
    })
  }

  /**
   * The same state once more, to try a message that may be forged: if reading it throws, the
   * original is as it was. Of a state and its forks, only one may go on writing, or two messages
   * would be sealed under one nonce.
   */
  fork(): HandshakeState {
    const copy = new HandshakeState(this.#options)
    copy.#symmetric = this.#symmetric.fork()
    copy.#ephemeral = this.#ephemeral
    copy.#remoteEphemeral = this.#remoteEphemeral
    copy.#remoteStatic = this.#remoteStatic
    copy.#turn = this.#turn
    copy.#failed = this.#failed
    return copy
  }

  get #isInitiator(): boolean {
    return this.#options.role === 'initiator'
  }

  #step(
    direction: 'write' | 'read',
    header: Uint8Array,
    act: (tokens: readonly Token[]) => Uint8Array,
  ): Uint8Array {
    const tokens = this.#pattern.messages[this.#turn]
    const turnOf = (this.#turn % 2 === 0) === this.#isInitiator ? 'write' : 'read'
    if (this.#failed) throw malformed()
    if (tokens === undefined || turnOf !== direction) {
      throw new MeshError('internal', `it is not this side's turn to ${direction}`)
    }
    try {
      if (header.length > 0) this.#symmetric.mixHash(header)
      const result = act(tokens)
      this.#turn++
      return result
    } catch {
      // One error for every reason: which check failed is nobody's business but the debugger's.
      this.#failed = true
      throw malformed()
    }
  }

  #write(token: Token): Uint8Array {
    if (token === 's') return this.#symmetric.encryptAndHash(this.#options.static.publicKey)
    if (token !== 'e') {
      this.#symmetric.mixKey(this.#agree(token))
      return nothing
    }
    const { crypto } = this.#options
    this.#ephemeral ??= crypto.dhKey(crypto.randomBytes(keyLength))
    this.#symmetric.mixHash(this.#ephemeral.publicKey)
    return this.#ephemeral.publicKey
  }

  /** Reads one token from the front of the message and gives back what follows it. */
  #read(token: Token, message: Uint8Array): Uint8Array {
    if (token !== 'e' && token !== 's') {
      this.#symmetric.mixKey(this.#agree(token))
      return message
    }
    const length = keyLength + (token === 's' && this.#symmetric.hasKey ? tagLength : 0)
    if (message.length < length) throw malformed()
    const field = message.slice(0, length)
    if (token === 's') {
      this.#remoteStatic = known(this.#symmetric.decryptAndHash(field))
    } else {
      this.#remoteEphemeral = field
      this.#symmetric.mixHash(field)
    }
    return message.subarray(length)
  }

  /** DH of a two-letter token: first the initiator's key, then the responder's (Noise §5.3). */
  #agree(token: Token): Uint8Array {
    const [own, remote] = this.#isInitiator ? [token[0], token[1]] : [token[1], token[0]]
    const key = own === 'e' ? known(this.#ephemeral) : this.#options.static
    return key.agree(known(remote === 'e' ? this.#remoteEphemeral : this.#remoteStatic))
  }

  #needComplete(): void {
    if (!this.isComplete) throw new MeshError('internal', 'the handshake is not complete')
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw malformed()
  return value
}

function malformed(): MeshError {
  return new MeshError('invalid', 'the handshake message is not valid')
}
