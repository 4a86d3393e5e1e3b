import { type AgentId, type Clock, isAgentId, MeshError } from '@agent-mesh/core'
import type { Members } from './directory/members.js'
import type { Signatures } from './directory/signatures.js'
import { hashToken, tokenPattern } from './login/token.js'
import type { Login, Store } from './store/store.js'

/** Whoever may look: a logged-in person or an agent, and the groups in view. */
export interface Viewer {
  readonly login?: Login
  readonly agent?: AgentId
  readonly groups: readonly string[]
}

/** A person's request. */
export type PersonViewer = Viewer & { readonly login: Login }

/** Finds out who asks, from the Authorization header alone. */
export class Auth {
  readonly #store: Store
  readonly #clock: Clock
  readonly #members: Members
  readonly #signatures: Signatures

  constructor(parts: { store: Store; clock: Clock; members: Members; signatures: Signatures }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#members = parts.members
    this.#signatures = parts.signatures
  }

  /** @throws MeshError `not-logged-in` */
  person(request: Request): PersonViewer {
    const [scheme, token] = credentialsOf(request)
    if (scheme !== 'bearer' || !tokenPattern.test(token)) {
      throw notLoggedIn('this needs a login')
    }
    const login = this.#store.read.tokens.login(hashToken(token), this.#clock.wall())
    if (login === undefined) throw notLoggedIn('the login is unknown or has expired')
    return { login, groups: this.#store.read.groups.names() }
  }

  /** @throws MeshError `not-logged-in` · `login-refused` · `revoked` */
  personOrAgent(request: Request): Viewer {
    const [scheme, credentials] = credentialsOf(request)
    if (scheme !== 'mesh-agent') return this.person(request)
    const [id = '', nonce = '', signature = '', rest] = credentials.split('.')
    if (!isAgentId(id) || rest !== undefined) {
      throw new MeshError('invalid', 'authorization: must be Mesh-Agent ID.NONCE.SIGNATURE', {
        details: { field: 'authorization' },
      })
    }
    this.#signatures.need({ id, nonce, signature }, 'lookup')
    if (this.#members.isRevoked(id)) throw new MeshError('revoked', 'this agent was revoked')
    const group = this.#members.groupOf(id)
    return { agent: id, groups: group === undefined ? [] : [group] }
  }
}

/** Scheme names ignore case (RFC 9110 §11.1). */
function credentialsOf(request: Request): [scheme: string, credentials: string] {
  const header = request.headers.get('authorization') ?? ''
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(header.trim()) ?? []
  return [scheme.toLowerCase(), credentials]
}

function notLoggedIn(message: string): MeshError {
  return new MeshError('not-logged-in', message, { hint: 'meshctl login' })
}
