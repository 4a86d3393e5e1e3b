import type { AgentId } from '../../identity/agent-id.js'
import type { Effect, LinkId, UndeliverableNotice } from '../effects.js'
import type { Endpoint } from '../endpoint.js'

/** Something on its way: a packet, or a relay's notice that one could not be delivered. */
export interface Parcel {
  readonly from: AgentId
  readonly to: AgentId
  readonly relay: string
  /** Undefined for a notice. */
  readonly packet?: Uint8Array
  /** Position in the order of all parcels of this network. */
  readonly position: number
}

export type Fate = 'deliver' | 'drop' | { readonly delayMs: number }

interface Delivery {
  readonly at: number
  readonly order: number
  act(): void
}

interface Node {
  readonly endpoint: Endpoint
  /** Relay → the link to it. */
  readonly links: Map<string, LinkId>
  readonly onEffect: (effect: Exclude<Effect, { kind: 'transmit' }>) => void
}

/** More steps than this without an end is a loop. */
const maxSteps = 200_000

/** Endpoints joined by relays, in one thread, with a clock that jumps from event to event. */
export class Network {
  now = 1_000
  latencyMs = 10
  /** Decides about every parcel, in the order they are sent. */
  fate: (parcel: Parcel) => Fate = () => 'deliver'
  /** Everything that was handed to a link. */
  readonly sent: Parcel[] = []
  maxPacket = 65_535
  readonly #nodes = new Map<AgentId, Node>()
  readonly #stopped = new Map<string, Delivery[]>()
  #deliveries: Delivery[] = []
  #order = 0
  #nextLink = 1

  join(id: AgentId, endpoint: Endpoint, onEffect: Node['onEffect']): void {
    this.#nodes.set(id, { endpoint, links: new Map(), onEffect })
  }

  /** The process is gone, without a word. */
  kill(id: AgentId): void {
    this.#nodes.delete(id)
  }

  connect(id: AgentId, relay: string, cost = 10): void {
    const node = this.#node(id)
    const link = `${relay}/${this.#nextLink++}`
    node.links.set(relay, link)
    node.endpoint.linkUp({ id: link, maxPacket: this.maxPacket, cost }, this.now)
    this.#drain(id)
  }

  disconnect(id: AgentId, relay: string): void {
    const node = this.#node(id)
    const link = node.links.get(relay)
    node.links.delete(relay)
    if (link !== undefined) node.endpoint.linkDown(link, this.now)
    this.#drain(id)
  }

  /** The relay keeps everything to itself until it is resumed. */
  stop(relay: string): void {
    this.#stopped.set(relay, [])
  }

  /** The relay delivers what it kept. */
  resume(relay: string): void {
    const kept = this.#stopped.get(relay) ?? []
    this.#stopped.delete(relay)
    for (const delivery of kept) this.#schedule(0, () => delivery.act())
  }

  /** Lets an endpoint do something, and takes what it wants done. */
  act<T>(id: AgentId, act: (endpoint: Endpoint, now: number) => T): T {
    const result = act(this.#node(id).endpoint, this.now)
    this.#drain(id)
    return result
  }

  /** Delivers bytes to an endpoint as if they came from somebody over a relay. */
  inject(from: AgentId, to: AgentId, packet: Uint8Array, relay: string): void {
    const link = this.#node(to).links.get(relay) ?? relay
    this.act(to, (endpoint, now) => endpoint.receive(from, packet, link, now))
  }

  notify(to: AgentId, notice: UndeliverableNotice, relay: string): void {
    const link = this.#nodes.get(to)?.links.get(relay)
    if (link === undefined) return
    this.act(to, (endpoint, now) => endpoint.undeliverable(notice, link, now))
  }

  /** Runs until `isDone`, at most for `forMs`. Says whether it is done. */
  run(forMs: number, isDone: () => boolean = () => false): boolean {
    const end = this.now + forMs
    for (let step = 0; !isDone(); step++) {
      if (step > maxSteps) throw new Error('the network does not come to rest')
      const next = this.#next()
      if (next === undefined || next > end) {
        this.now = end
        return isDone()
      }
      this.now = Math.max(this.now, next)
      this.#step()
    }
    return true
  }

  /** Whether nothing is on its way. */
  get isQuiet(): boolean {
    return this.#deliveries.length === 0
  }

  #next(): number | undefined {
    let next = this.#deliveries[0]?.at
    for (const { endpoint } of this.#nodes.values()) {
      const due = endpoint.deadline()
      if (due !== undefined && (next === undefined || due < next)) next = due
    }
    return next
  }

  #step(): void {
    const due: Delivery[] = []
    while (this.#deliveries[0] !== undefined && this.#deliveries[0].at <= this.now) {
      due.push(this.#deliveries.shift() as Delivery)
    }
    for (const delivery of due) delivery.act()
    for (const [id, { endpoint }] of [...this.#nodes]) {
      const at = endpoint.deadline()
      if (at === undefined || at > this.now) continue
      endpoint.tick(this.now)
      this.#drain(id)
    }
  }

  #drain(id: AgentId): void {
    const node = this.#nodes.get(id)
    if (node === undefined) return
    // The application answers effects at once, which may cause more of them.
    for (let effects = node.endpoint.drain(); effects.length > 0; effects = node.endpoint.drain()) {
      for (const effect of effects) {
        if (effect.kind === 'transmit') this.#transmit(id, node, effect)
        else node.onEffect(effect)
      }
    }
  }

  #transmit(from: AgentId, node: Node, effect: Effect & { kind: 'transmit' }): void {
    const relay = [...node.links].find(([, link]) => link === effect.link)?.[0]
    if (relay === undefined) return
    const { to, packet } = effect
    this.#send({ from, to, relay, packet, position: this.sent.length }, () => {
      const target = this.#nodes.get(to)
      const link = target?.links.get(relay)
      if (target === undefined || link === undefined) {
        this.#refuse(from, to, relay)
        return
      }
      target.endpoint.receive(from, packet, link, this.now)
      this.#drain(to)
    })
  }

  #refuse(from: AgentId, to: AgentId, relay: string): void {
    this.#send({ from: to, to: from, relay, position: this.sent.length }, () => {
      this.notify(from, { to, reason: 'offline', count: 1, retryAfterMs: 0 }, relay)
    })
  }

  #send(parcel: Parcel, act: () => void): void {
    this.sent.push(parcel)
    const fate = this.fate(parcel)
    if (fate === 'drop') return
    const delayMs = fate === 'deliver' ? 0 : fate.delayMs
    this.#schedule(this.latencyMs + delayMs, () => {
      const kept = this.#stopped.get(parcel.relay)
      if (kept === undefined) act()
      else kept.push({ at: 0, order: 0, act })
    })
  }

  #schedule(afterMs: number, act: () => void): void {
    const delivery = { at: this.now + afterMs, order: this.#order++, act }
    let position = this.#deliveries.length
    while (position > 0 && (this.#deliveries[position - 1] as Delivery).at > delivery.at) position--
    this.#deliveries.splice(position, 0, delivery)
  }

  #node(id: AgentId): Node {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error('nobody of that id has joined')
    return node
  }
}
