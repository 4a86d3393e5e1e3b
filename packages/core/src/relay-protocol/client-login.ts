import type { Crypto } from '../crypto.js'
import { MeshError } from '../errors.js'
import { agentIdBytes } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import { encodeFrame } from './codec.js'
import { noAdmission, type RefusalCode, type RelayFrame } from './frames.js'
import { loginTranscript } from './login-transcript.js'
import { relayOrigin } from './origin.js'

/** What a relay promises and demands, as its challenge says. */
export interface RelayTerms {
  /** Longest packet, in bytes, without the routing prefix. */
  maxPacket: number
  maxFramesPerSecond: number
  heartbeatMs: number
}

export interface ClientLoginOptions {
  keypair: Keypair
  crypto: Crypto
  /** The URL that was dialled; only its origin is signed. */
  url: string
  /** 16 random bytes, the same for every login of this process. */
  instance: Uint8Array
  /** Binary signed document; left out where the relay admits a configured list. */
  admission?: Uint8Array | undefined
}

export type ClientLoginStep =
  /** Send `frame` now; packets may follow in the same flight. */
  | { kind: 'answer'; frame: Uint8Array; terms: RelayTerms }
  | { kind: 'accepted'; epoch: number; serverTimeMs: number }
  | { kind: 'refused'; code: RefusalCode; retryAfterMs: number }

/**
 * The client's half of one login: challenge in, login out, welcome or refused in. One object per
 * connection; once it said `accepted` or `refused` it takes no more frames.
 */
export class ClientLogin {
  readonly #options: ClientLoginOptions
  readonly #origin: string
  #state: 'challenge' | 'verdict' | 'done' = 'challenge'

  /** @throws MeshError `invalid` when `url` is no relay's. */
  constructor(options: ClientLoginOptions) {
    this.#options = options
    this.#origin = relayOrigin(options.url)
  }

  /** @throws MeshError `invalid` on a frame that has no place here; the link is to be closed. */
  receive(frame: RelayFrame): ClientLoginStep {
    if (frame.kind === 'refused' && this.#state !== 'done') {
      this.#state = 'done'
      return { kind: 'refused', code: frame.code, retryAfterMs: frame.retryAfterMs }
    }
    if (frame.kind === 'challenge' && this.#state === 'challenge') {
      this.#state = 'verdict'
      const { maxPacket, maxFramesPerSecond, heartbeatMs } = frame
      const terms = { maxPacket, maxFramesPerSecond, heartbeatMs }
      return { kind: 'answer', frame: this.#answer(frame.nonce), terms }
    }
    if (frame.kind === 'welcome' && this.#state === 'verdict') {
      this.#state = 'done'
      return { kind: 'accepted', epoch: frame.epoch, serverTimeMs: frame.serverTimeMs }
    }
    throw new MeshError('invalid', `a ${frame.kind} frame has no place in a login`)
  }

  #answer(relayNonce: Uint8Array): Uint8Array {
    const { keypair, crypto, instance, admission } = this.#options
    const origin = this.#origin
    // The relay's nonce makes the signature fresh; ours makes it worthless to a relay that chose
    // its nonce to match something else.
    const clientNonce = crypto.randomBytes(32)
    const transcript = loginTranscript({ relayNonce, clientNonce, instance, origin })
    return encodeFrame({
      kind: 'login',
      agent: agentIdBytes(keypair.id),
      clientNonce,
      instance,
      origin,
      admission: admission ?? noAdmission,
      signature: keypair.sign('relay-login', transcript),
    })
  }
}
