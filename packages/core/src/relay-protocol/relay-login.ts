import { toBase64url } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { isMeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import { signedBytes } from '../identity/contexts.js'
import type { RelayTerms } from './client-login.js'
import { decodeClientFrame, encodeFrame } from './codec.js'
import type { LoginFrame, RefusalCode } from './frames.js'
import { loginTranscript } from './login-transcript.js'

export interface RelayLoginOptions {
  crypto: Crypto
  /** The relay's own names, each as `relayOrigin` spells it. No other is accepted. */
  origins: ReadonlySet<string>
  terms: RelayTerms
  /** Monotonic ms after which an unanswered challenge is given up. */
  deadline: number
}

/**
 * The agent holds its key and meant this relay. Whether it may enter is another question: the
 * admission is not looked at here.
 */
export interface ProvenLogin {
  agent: AgentId
  /** The raw 32 bytes of `agent`, in memory of their own. */
  agentBytes: Uint8Array
  instance: Uint8Array
  admission: Uint8Array
}

export type RelayLoginOutcome =
  | { kind: 'proven'; login: ProvenLogin }
  /** `why` is for our own log; the client is told the code alone. */
  | { kind: 'refused'; code: RefusalCode; why: string }

/** The relay's half of one login. One object per connection; its nonce serves one answer. */
export class RelayLogin {
  /** The challenge frame: the first thing this connection hears. */
  readonly challenge: Uint8Array
  readonly #options: RelayLoginOptions
  readonly #nonce: Uint8Array
  #answered = false

  constructor(options: RelayLoginOptions) {
    this.#options = options
    this.#nonce = options.crypto.randomBytes(32)
    this.challenge = encodeFrame({ kind: 'challenge', nonce: this.#nonce, ...options.terms })
  }

  deadline(): number | undefined {
    return this.#answered ? undefined : this.#options.deadline
  }

  /** The client's first frame. Never throws on what a stranger sends. */
  receive(bytes: Uint8Array): RelayLoginOutcome {
    if (this.#answered) return refused('invalid', 'the challenge was answered already')
    this.#answered = true
    try {
      const frame = decodeClientFrame(bytes)
      if (frame.kind !== 'login') return refused('invalid', `${frame.kind} before login`)
      return this.#check(frame)
    } catch (error) {
      if (!isMeshError(error)) throw error
      return refused('invalid', error.message)
    }
  }

  #check(frame: LoginFrame): RelayLoginOutcome {
    const { crypto, origins } = this.#options
    // A signature for another relay's name is what a relay in the middle would pass on.
    if (!origins.has(frame.origin)) return refused('login-refused', 'not a name of this relay')
    const { clientNonce, instance, origin } = frame
    const transcript = loginTranscript({ relayNonce: this.#nonce, clientNonce, instance, origin })
    const signed = signedBytes('relay-login', transcript)
    if (!crypto.verify(frame.agent, signed, frame.signature)) {
      return refused('login-refused', 'the signature does not fit')
    }
    // Nothing verifies under bytes that are no canonical key on the curve (Crypto.verify), so this
    // is an id; parsing it would compute the same square root a second time, for every login.
    const agent = toBase64url(frame.agent) as AgentId
    // Copies: the frame is a view into a network buffer that others are parsed from.
    const login = {
      agent,
      agentBytes: frame.agent.slice(),
      instance: instance.slice(),
      admission: frame.admission.slice(),
    }
    return { kind: 'proven', login }
  }
}

function refused(code: RefusalCode, why: string): RelayLoginOutcome {
  return { kind: 'refused', code, why }
}
