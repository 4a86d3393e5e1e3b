import type { AgentId, Clock, Crypto } from '@agent-mesh/core'
import { createApp, type RegistryApp, type RequestContext } from './app.js'
import { Auth } from './auth.js'
import { Admissions } from './directory/admissions.js'
import { Agents } from './directory/agents.js'
import { Changes } from './directory/changes.js'
import { Members } from './directory/members.js'
import { Rules } from './directory/rules.js'
import { Signatures } from './directory/signatures.js'
import { type Presence, snapshotOf } from './directory/views.js'
import type { RegistryEvents } from './events.js'
import { Feed } from './feed/feed.js'
import { createFeedUpgrade, type Upgrade } from './feed/upgrade.js'
import { RegistryGate } from './gate.js'
import { LoginDesk } from './login/login.js'
import { Nonces } from './nonces.js'
import { admissionRoutes } from './routes/admissions.js'
import { agentRoutes } from './routes/agents.js'
import { loginRoutes } from './routes/login.js'
import { registryRoute } from './routes/registry.js'
import { ruleRoutes } from './routes/rules.js'
import type { Store } from './store/store.js'

export interface RegistryOptions {
  /** Opened by the caller, who also closes it, after this. */
  readonly store: Store
  readonly crypto: Crypto
  readonly clock: Clock
  readonly events: RegistryEvents
  /** The http(s) origins under which agents may sign for this registry. No other is accepted. */
  readonly origins: readonly string[]
  readonly name: string
  readonly version: string
  /** Whether relays answer at the same origins. */
  readonly hasRelay?: boolean
  /** Who is online, where a relay can tell. */
  readonly presence?: Presence
  /** How long the answer to a change of rules waits for daemons, in ms. Default: 5 s. */
  readonly spreadMs?: number
}

/** The control plane: people, cards, rules, admissions, and the feed that spreads them. */
export class Registry implements AsyncDisposable {
  /** What a relay in this process asks. */
  readonly gate: RegistryGate
  /** For HTTP upgrades to `feedPath`. */
  readonly upgrade: Upgrade
  readonly #app: RegistryApp
  readonly #auth: Auth
  readonly #agents: Agents
  readonly #feed: Feed
  readonly #members: Members
  readonly #admissions: Admissions

  constructor(options: RegistryOptions) {
    const { store, crypto, clock, events, origins, presence } = options
    const nonces = new Nonces(crypto)
    const members = new Members(store.read)
    const isMember = (id: AgentId) => members.groupOf(id) !== undefined
    const signatures = new Signatures({ crypto, clock, nonces, origins, isMember })
    const feed = new Feed({
      crypto,
      clock,
      events,
      spreadMs: options.spreadMs,
      source: {
        proves: (id, nonce, signature) => signatures.proves(id, nonce, 'feed', signature),
        groupOf(id) {
          if (members.isRevoked(id)) return { code: 'revoked' }
          const group = members.groupOf(id)
          return group === undefined ? { code: 'not-found' } : { group }
        },
        snapshot: (groups) => snapshotOf(store.read, groups),
      },
    })
    const changes = new Changes(store, feed)
    const agents = new Agents({ crypto, clock, changes, members, signatures, events })
    const rules = new Rules({ store, clock, changes, events })
    const admissions = new Admissions({ crypto, clock, store, members, signatures, events })
    const { name, version, hasRelay = false } = options
    this.#auth = new Auth({ store, clock, members, signatures })
    this.#app = createApp({
      auth: this.#auth,
      events,
      handlers: {
        ...loginRoutes(new LoginDesk({ store, crypto, events }), clock),
        ...registryRoute({ name, version, admissionKey: admissions.key, origins, hasRelay }),
        ...admissionRoutes({ admissions, nonces, clock }),
        ...agentRoutes({ store, agents, presence }),
        ...ruleRoutes({ store, rules, feed }),
      },
    })
    this.gate = new RegistryGate(admissions, members)
    this.upgrade = createFeedUpgrade(feed)
    this.#agents = agents
    this.#feed = feed
    this.#members = members
    this.#admissions = admissions
  }

  /** What relays verify this registry's admissions with. */
  get admissionKey(): AgentId {
    return this.#admissions.key
  }

  /** Whether a person's valid token came with the request. */
  isFromPerson(request: Request): boolean {
    try {
      return this.#auth.person(request) !== undefined
    } catch {
      return false
    }
  }

  /** Figures of the moment. */
  get figures(): { agents: number; followers: number } {
    return { agents: this.#members.count, followers: this.#feed.followers }
  }

  /** Answers one request; never rejects. */
  async fetch(request: Request, context: RequestContext): Promise<Response> {
    return this.#app.fetch(request, context)
  }

  /** Final: the agent is refused here, on the feed and by the gate's relay from now on. */
  revoke(id: AgentId): void {
    this.#agents.revoke(id)
  }

  /** Says goodbye to all followers and answers the requests that wait for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed[Symbol.asyncDispose]()
  }
}
