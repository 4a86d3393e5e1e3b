import { createRegistryClient, type RegistryClient, requestAdmission } from '@agent-mesh/api'
import {
  type AgentId,
  Endpoint,
  fromUtf8,
  type Keypair,
  MeshError,
  type SignedBytes,
  signedToBytes,
  toBase64url,
} from '@agent-mesh/core'
import type { Answer } from './calls/answer.js'
import type { CallHandler, CallOptions } from './calls/call.js'
import type { Body } from './calls/chunk.js'
import { IncomingCalls } from './calls/incoming.js'
import { OutgoingCalls } from './calls/outgoing.js'
import { Directory, followingPolicy } from './directory/directory.js'
import { FeedDriver } from './directory/feed-driver.js'
import { FeedLink } from './directory/feed-link.js'
import { limits } from './limits.js'
import { type FetchedAdmission, LinkDriver } from './link/link-driver.js'
import { RelayLink } from './link/relay-link.js'
import { serverUrls } from './link/relay-url.js'
import { Listeners } from './listeners.js'
import { endOf, type MemberStatus, memberStatus, type StatusFacts } from './member-status.js'
import type { JoinOptions, Surroundings } from './mesh.js'
import { Peers } from './peers/peers.js'
import { chooseRelays } from './relay-choice.js'
import { waitFor } from './wait-for.js'

/** One agent in the mesh: its key, its link, its sessions and its view of its groups. */
export class Member implements AsyncDisposable {
  readonly id: AgentId
  /** What the registry says: cards, rules, groups, revocations. */
  readonly directory: Directory
  readonly #surroundings: Surroundings
  readonly #keypair: Keypair
  readonly #client: RegistryClient
  readonly #ownRelay: string
  readonly #insecure: boolean
  readonly #onLeft: () => void
  readonly #feedLink: FeedLink
  readonly #feed: FeedDriver
  readonly #relayLink: RelayLink
  readonly #link: LinkDriver
  readonly #peers: Peers
  readonly #incoming: IncomingCalls
  readonly #outgoing: OutgoingCalls
  readonly #statusListeners = new Listeners<MemberStatus>()
  #linkStarted = false
  #linkWasLive = false
  #feedWasCurrent = false
  #leaving: Promise<void> | undefined

  /** Made by `mesh.join`. */
  constructor(surroundings: Surroundings, options: JoinOptions, onLeft: () => void) {
    const { crypto, clock, timers, dial, instance, budget } = surroundings
    const { keypair, ca, insecure = false, policy = followingPolicy, cached } = options
    const urls = serverUrls(options.server, insecure)
    this.id = keypair.id
    this.#surroundings = surroundings
    this.#keypair = keypair
    this.#insecure = insecure
    this.#ownRelay = urls.relay
    this.#onLeft = onLeft
    this.#client = createRegistryClient({
      baseUrl: urls.base,
      insecureHttp: insecure,
      fetch: surroundings.createFetch(ca === undefined ? {} : { ca }),
    })
    const random = (): number => (crypto.randomBytes(1)[0] ?? 0) / 256

    this.directory = new Directory({ self: this.id, crypto, clock, policy, cached })
    this.#feedLink = new FeedLink({
      keypair,
      origin: this.#client.origin,
      instance: toBase64url(instance),
      random,
    })
    this.#feed = new FeedDriver({
      link: this.#feedLink,
      directory: this.directory,
      url: urls.feed,
      dial,
      ca,
      clock,
      timers,
      onStatus: () => this.#feedChanged(),
    })

    const endpoint = new Endpoint({
      keypair,
      crypto,
      // Fresh for every endpoint: this one knows nothing of the calls of any before it.
      incarnation: crypto.randomBytes(16),
      budget,
      mayTalk: (peer) => this.directory.mayTalk(peer),
    })
    this.#peers = new Peers({
      endpoint,
      clock,
      timers,
      transmit: (link, to, packet) => this.#link.send(link, to, packet),
    })
    this.#incoming = new IncomingCalls({
      port: this.#peers,
      clock,
      timers,
      decide: (caller, capability) => this.directory.decide(caller, capability),
      nameOf: (id) => this.directory.nameOf(id),
    })
    this.#outgoing = new OutgoingCalls({ port: this.#peers, crypto, clock, timers })
    this.#peers.serve(this.#incoming, this.#outgoing)
    this.#incoming.handle(options.handler)

    this.#relayLink = new RelayLink({ keypair, crypto, instance, url: urls.relay, random })
    this.#link = new LinkDriver({
      link: this.#relayLink,
      dial,
      ca,
      clock,
      timers,
      fetchAdmission: ({ signal }) => this.#fetchAdmission(signal),
      user: {
        up: (id, maxPacket) => this.#peers.linkUp({ id, maxPacket, cost: relayCost }),
        down: (id) => this.#peers.linkDown(id),
        packet: (from, packet, link) => this.#peers.receive(from, packet, link),
        undeliverable: (notice, link) => this.#peers.undeliverable(notice, link),
        status: () => this.#linkChanged(),
      },
    })

    this.directory.onChange(() => this.#directoryChanged())
    this.#feed.start()
    if (cached !== undefined) this.#startLink()
  }

  /** How it stands now. */
  get status(): MemberStatus {
    return memberStatus(this.#facts())
  }

  /** Called when `status` may have changed. Returns the way to stop listening. */
  onStatus(listener: (status: MemberStatus) => void): () => void {
    return this.#statusListeners.add(listener)
  }

  /**
   * Resolves when the feed is current and the relay link is live.
   * @throws the MeshError that ended it for good (`login-refused`, `revoked`, …)
   */
  async ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await waitFor(
      () => {
        this.#throwIfOver()
        return this.status.state === 'online' && this.directory.isCurrent ? true : undefined
      },
      (again) => this.onStatus(again),
      options.signal,
    )
  }

  /**
   * Calls a capability. `target` is an id, a unique prefix of one, or a name in our groups.
   * Resolves with the answer's header, while the body may still be on its way in both directions.
   * @throws MeshError: `unknown-agent`, `ambiguous`, `revoked` before anything is sent; `denied`,
   * `offline`, `unreachable`, `busy`, `timeout`, `handler-failed`, `interrupted`, … afterwards.
   * An aborted signal rejects with its reason.
   */
  async call(
    target: string,
    capability: string,
    body?: Body,
    options: CallOptions = {},
  ): Promise<Answer> {
    const { clock } = this.#surroundings
    options.signal?.throwIfAborted()
    const begun = clock.now()
    if (this.directory.ageMs === undefined) await this.#firstWord(options)
    this.#throwIfOver()
    const { id, name, revoked } = this.directory.resolve(target)
    if (revoked) throw new MeshError('revoked', `${name} was revoked`, { details: { target: id } })
    if (options.deadlineMs === undefined) {
      return this.#outgoing.call(id, name, capability, body, options)
    }
    const deadlineMs = options.deadlineMs - (clock.now() - begun)
    return this.#outgoing.call(id, name, capability, body, { ...options, deadlineMs })
  }

  /** Sets who answers calls. There is one handler; a new one answers the calls from now on. */
  onCall(handler: CallHandler | undefined): void {
    this.#incoming.handle(handler)
  }

  /** The local policy changed: decides again about everything that is open. */
  redecide(): void {
    this.#peers.redecide((peer, capability) => this.directory.decide(peer, capability).allowed)
  }

  /** Asks relay and feed for a sign of life now, and tries again now where a wait was on. */
  verifyLinks(): void {
    this.#feed.verify()
    if (this.#linkStarted) this.#link.verify()
  }

  /** Leaves: running calls end, peers are told, sockets and timers are gone when it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving ??= this.#leave()
    await this.#leaving
  }

  async #leave(): Promise<void> {
    this.#outgoing.failAll(new MeshError('canceled', 'the agent left the mesh'))
    this.#incoming.endAll('interrupted')
    // The resets go out before the goodbye: one turn, so that they share their packets.
    await Promise.resolve()
    this.#peers.close()
    await Promise.all([this.#link.close(), this.#feed.close()])
    this.#onLeft()
    this.#changed()
  }

  #facts(): StatusFacts {
    return {
      link: this.#relayLink.status,
      feed: this.#feedLink.status,
      revoked: this.directory.isRevoked(this.id),
      sequence: this.directory.sequence,
      ageMs: this.directory.ageMs,
      calls: {
        in: this.#incoming.count,
        out: this.#outgoing.count,
        running: this.#incoming.running + this.#outgoing.running,
      },
    }
  }

  #throwIfOver(): void {
    if (this.#leaving !== undefined) throw new MeshError('canceled', 'the agent left the mesh')
    const end = endOf(this.#facts())
    if (end !== undefined) throw new MeshError(end.code, end.message)
  }

  /** Before the first word of the registry nobody is known; it is usually milliseconds away. */
  async #firstWord({ signal, deadlineMs }: CallOptions): Promise<void> {
    const waitMs = Math.min(deadlineMs ?? limits.startWaitMs, limits.startWaitMs)
    const { timers } = this.#surroundings
    const expired = new AbortController()
    const cancel = timers.after(waitMs, () => {
      const why = this.#feedLink.status.problem?.message
      const message = `the registry has not said who is there${why === undefined ? '' : ` (${why})`}`
      expired.abort(new MeshError('registry-unreachable', message))
    })
    const signals = signal === undefined ? [expired.signal] : [signal, expired.signal]
    try {
      await waitFor(
        () => {
          this.#throwIfOver()
          return this.directory.ageMs
        },
        (again) => this.onStatus(again),
        AbortSignal.any(signals),
      )
    } finally {
      cancel()
    }
  }

  #directoryChanged(): void {
    this.redecide()
    if (this.directory.isRevoked(this.id)) {
      this.#link.stop('revoked', { code: 'revoked', message: 'the agent was revoked' })
    } else {
      this.#startLink()
    }
    this.#changed()
  }

  /** Without a link for good no answer can come and none can leave. */
  #linkChanged(): void {
    const { state, end, problem } = this.#relayLink.status
    if (state === 'stopped' && end !== 'left') {
      this.#outgoing.failAll(new MeshError(problem?.code ?? 'unreachable', problem?.message))
      this.#incoming.endAll('interrupted')
    }
    const cameBack = state === 'live' && !this.#linkWasLive
    this.#linkWasLive = state === 'live'
    if (cameBack && this.#feedLink.status.state === 'waiting') this.#feed.verify()
    this.#changed()
  }

  /** A registry that lets this agent in no more ends its link as well, without waiting for it. */
  #feedChanged(): void {
    const { state, problem } = this.#feedLink.status
    if (state === 'stopped' && problem !== undefined) {
      this.#link.stop(problem.code === 'revoked' ? 'revoked' : 'refused', problem)
    }
    const cameBack = state === 'current' && !this.#feedWasCurrent
    this.#feedWasCurrent = state === 'current'
    // Both usually lead to one server: whichever finds it back need not let the other wait.
    if (cameBack && this.#relayLink.status.state === 'waiting') this.#link.verify()
    this.#changed()
  }

  /** Only once peers can be decided about: until then every packet would be answered by a denial. */
  #startLink(): void {
    if (this.#linkStarted) return
    this.#linkStarted = true
    this.#link.start()
  }

  async #fetchAdmission(signal: AbortSignal): Promise<FetchedAdmission> {
    const [about, signed] = await Promise.all([
      this.#client.registry({}, { signal }),
      requestAdmission(this.#client, this.#keypair, { signal }),
    ])
    const { relays: listed, origins } = about
    const choice = { own: this.#ownRelay, listed, origins, insecure: this.#insecure }
    this.#relayLink.relays(chooseRelays(choice))
    return { document: signedToBytes(signed), lifeMs: lifeOf(signed) }
  }

  #changed(): void {
    this.#statusListeners.emit(this.status)
  }
}

/** Every relay costs the same; direct links will cost less. */
const relayCost = 10

/** From now to `notAfter` by the registry's clock, which made the document a moment ago. */
function lifeOf({ json }: SignedBytes): number {
  // The registry signed it and answers for it; the relay is who verifies it.
  const { notBefore, notAfter } = JSON.parse(fromUtf8(json, 'admission')) as Record<string, unknown>
  if (typeof notBefore !== 'number' || typeof notAfter !== 'number' || notAfter <= notBefore) {
    throw new MeshError('registry-unreachable', 'the registry gave an admission without an end')
  }
  return notAfter - notBefore
}
