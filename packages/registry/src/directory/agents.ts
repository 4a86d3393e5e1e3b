import {
  type AgentId,
  type Card,
  type Clock,
  type Crypto,
  isAgentId,
  isPrimeOrder,
  MeshError,
  maxCardBytes,
  readCard,
  type SignedDocument,
  sameDocument,
  signedFromText,
  verifyCard,
} from '@agent-mesh/core'
import type { RegistryEvents } from '../events.js'
import { limits } from '../limits.js'
import type { Person, StoredAgent, StoreReader } from '../store/store.js'
import type { Changes } from './changes.js'
import type { Members } from './members.js'
import type { Signatures } from './signatures.js'
import { feedAgent } from './views.js'

export interface RegistrationRequest {
  readonly card: SignedDocument
  readonly nonce: string
  readonly proof: string
}

/** Takes agents in: a card signed by its agent, and a proof that the agent wants it here, now. */
export class Agents {
  readonly #crypto: Crypto
  readonly #clock: Clock
  readonly #changes: Changes
  readonly #members: Members
  readonly #signatures: Signatures
  readonly #events: RegistryEvents

  constructor(parts: {
    crypto: Crypto
    clock: Clock
    changes: Changes
    members: Members
    signatures: Signatures
    events: RegistryEvents
  }) {
    this.#crypto = parts.crypto
    this.#clock = parts.clock
    this.#changes = parts.changes
    this.#members = parts.members
    this.#signatures = parts.signatures
    this.#events = parts.events
  }

  /**
   * Registers an agent in `group`, or replaces its card by a newer one. The same card again is
   * welcome and changes nothing.
   *
   * @throws MeshError `login-refused` for a proof that does not fit · `invalid` for the card, or
   * for one that is older than the registered one · `name-taken` · `revoked` · `store-full`
   */
  register(request: RegistrationRequest, person: Person, group: string): StoredAgent {
    const unverified = readCard(signedFromText(request.card, maxCardBytes))
    const { nonce, proof } = request
    const { json } = unverified.signed
    this.#signatures.needRegistration({ id: unverified.id, nonce, signature: proof }, json)
    const card = verifyCard(this.#crypto, unverified)
    needAdmissible(card)
    const agent = storedAgent(card, { group, person, now: this.#clock.wall() })
    const { result, isNews } = this.#put(agent)
    if (isNews) {
      this.#members.join(result.id, result.group)
      this.#events.registered(result)
    }
    return result
  }

  /** Final: the agent is refused everywhere from now on. */
  revoke(id: AgentId): void {
    const { result } = this.#changes.commit((tx) => {
      const agent = tx.agents.byId(id)
      if (tx.revocations.has(id)) return { result: false }
      tx.revocations.add(id, this.#clock.wall())
      if (agent === undefined) return { result: true }
      return {
        result: true,
        change: { group: agent.group, upsert: {}, remove: {}, revoked: [id] },
      }
    })
    if (!result) return
    this.#members.revoke(id)
    this.#events.revoked(id)
  }

  #put(agent: StoredAgent): { result: StoredAgent; isNews: boolean } {
    const committed = this.#changes.commit((tx) => {
      const known = tx.agents.byId(agent.id)
      needWelcome(tx, agent, known)
      if (known !== undefined && isSameCard(known, agent)) {
        tx.agents.seen(agent.id, agent.lastSeenAt)
        return { result: { result: { ...known, lastSeenAt: agent.lastSeenAt }, isNews: false } }
      }
      const { registeredAt, registeredBy } = known ?? agent
      const result = { ...agent, registeredAt, registeredBy }
      tx.agents.put(result)
      const change = { group: agent.group, upsert: { agents: [feedAgent(result)] }, remove: {} }
      return { result: { result, isNews: true }, change }
    })
    return committed.result
  }
}

function needAdmissible(card: Card): void {
  // Here, where an id is admitted, and nowhere later: sixteen ids share each X25519 secret.
  if (!isPrimeOrder(card.id)) {
    throw new MeshError('invalid', 'card.id: is not in the prime-order subgroup', {
      details: { field: 'body.card' },
    })
  }
  if (isAgentId(card.name)) {
    throw new MeshError('invalid', 'card.name: is the id of an agent', {
      details: { field: 'body.card' },
    })
  }
}

function needWelcome(tx: StoreReader, agent: StoredAgent, known: StoredAgent | undefined): void {
  if (tx.revocations.has(agent.id)) throw new MeshError('revoked', 'this agent was revoked')
  const holder = tx.agents.named(agent.name, [agent.group]).find(({ id }) => id !== agent.id)
  if (holder !== undefined) {
    throw new MeshError('name-taken', `another key is ${agent.name} in group ${agent.group}`, {
      details: { name: agent.name, holder: holder.id },
      hint: 'choose another name, or use the key that holds this one',
    })
  }
  if (known === undefined) {
    if (tx.agents.count(agent.group) >= limits.agents) {
      throw new MeshError('store-full', `group ${agent.group} has ${limits.agents} agents already`)
    }
  } else if (agent.sequence <= known.sequence && !isSameCard(known, agent)) {
    throw new MeshError(
      'invalid',
      `card.sequence: must be larger than ${known.sequence}, the registered card's`,
      { details: { field: 'body.card', sequence: known.sequence } },
    )
  }
}

function isSameCard(a: StoredAgent, b: StoredAgent): boolean {
  return sameDocument(
    { json: a.document, signature: a.signature },
    { json: b.document, signature: b.signature },
  )
}

function storedAgent(
  card: Card,
  { group, person, now }: { group: string; person: Person; now: number },
): StoredAgent {
  return {
    id: card.id,
    name: card.name,
    group,
    sequence: card.sequence,
    capabilities: card.capabilities.map(({ name }) => name),
    description: [card.description, ...card.capabilities.map(({ description }) => description)]
      .filter((text) => text !== undefined)
      .join('\n'),
    hidden: card.presence === 'hidden',
    document: card.signed.json,
    signature: card.signed.signature,
    registeredBy: person.id,
    registeredAt: now,
    lastSeenAt: now,
  }
}
