import { once } from 'node:events'
import {
  type FeedChange,
  type FeedFollowerMessage,
  type FeedServerMessage,
  type FeedSnapshot,
  feedPath,
  parseFeedFollowerMessage,
  type Spread,
} from '@agent-mesh/api'
import {
  type AgentId,
  type Clock,
  type Crypto,
  type ErrorCode,
  errorSentence,
  fromBase64url,
  isMeshError,
  MeshError,
  parseAgentId,
  toBase64url,
} from '@agent-mesh/core'
import type { WebSocket } from 'ws'
import type { RegistryEvents } from '../events.js'
import { limits } from '../limits.js'
import { Follower } from './follower.js'
import { Inbound } from './inbound.js'
import { Spreading } from './spreading.js'

/** What the feed has to know of the registry. */
export interface FeedSource {
  /** Whether `signature` proves the agent to this registry, for the feed, over `nonce`. */
  proves(id: AgentId, nonce: Uint8Array, signature: Uint8Array): boolean
  /** The agent's group, or why it may not follow. */
  groupOf(id: AgentId): { group: string } | { code: 'not-found' | 'revoked' }
  /** Everything that members of these groups may see, as of now. */
  snapshot(groups: readonly string[]): Omit<FeedSnapshot, 'type'>
}

/** A committed change, told to the followers of its group. */
export type GroupChange = Omit<FeedChange, 'type'> & { readonly group: string }

export interface FeedOptions {
  readonly source: FeedSource
  readonly crypto: Crypto
  readonly clock: Clock
  readonly events: RegistryEvents
  /** How long `spread` waits for acknowledgements. */
  readonly spreadMs?: number | undefined
}

const policyViolation = 1008
const goingAway = 1001

/**
 * Spreads committed changes to followers. Nothing here waits for a socket: a message is handed to
 * the socket's own queue, and a follower that leaves too much unacknowledged is cut.
 */
export class Feed implements AsyncDisposable {
  readonly #options: FeedOptions
  readonly #connections = new Map<Follower, Connection>()
  /** Every socket until it is closed, followers' and others'. */
  readonly #sockets = new Set<WebSocket>()
  readonly #spreadings = new Set<Spreading>()
  readonly #heartbeat: NodeJS.Timeout
  #closed = false

  constructor(options: FeedOptions) {
    this.#options = options
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs)
    this.#heartbeat.unref()
  }

  get followers(): number {
    return this.#connections.size
  }

  /** Takes a WebSocket after its upgrade. `address` is the peer's, for limits and logs. */
  accept(socket: WebSocket, address: string): void {
    // `close` follows an error; without a listener it would end the process.
    socket.on('error', () => {})
    if (this.#closed) {
      socket.close(goingAway)
      return
    }
    const { crypto, clock } = this.#options
    const nonce = crypto.randomBytes(32)
    const follower = new Follower({ address, nonce, limits, now: clock.now() })
    const inbound = new Inbound()
    const connection: Connection = { follower, socket, inbound, alive: true, refusals: 0 }
    this.#connections.set(follower, connection)
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      this.#receive(connection, data, isBinary),
    )
    socket.on('pong', () => {
      connection.alive = true
    })
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#forget(follower)
    })
    this.#send(connection, { type: 'challenge', nonce: toBase64url(nonce) })
  }

  /** Tells a change. To be called after its commit, in the order of commits. */
  publish({ group, ...change }: GroupChange): void {
    for (const connection of [...this.#connections.values()]) {
      if (!connection.follower.follows(group)) continue
      this.#send(connection, { type: 'change', ...change })
      for (const id of change.revoked ?? []) this.#evict(connection, id)
    }
  }

  /** Resolves when every follower of `group` that is up has `sequence`, or when it took too long. */
  async spread(sequence: number, group: string): Promise<Spread> {
    const concerned = [...this.#connections.keys()].filter((follower) => follower.follows(group))
    const spreading = new Spreading(sequence, concerned)
    this.#spreadings.add(spreading)
    const timer = setTimeout(() => spreading.finish(), this.#options.spreadMs ?? limits.spreadMs)
    try {
      return await spreading.done
    } finally {
      clearTimeout(timer)
      this.#spreadings.delete(spreading)
    }
  }

  /** Says goodbye to all; on return every socket is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearInterval(this.#heartbeat)
    for (const spreading of this.#spreadings) spreading.finish()
    const closed = [...this.#sockets].map((socket) => once(socket, 'close'))
    for (const socket of this.#sockets) socket.close(goingAway)
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.terminate()
    }, limits.goodbyeMs)
    await Promise.all(closed)
    clearTimeout(timer)
  }

  #receive(connection: Connection, data: Buffer, isBinary: boolean): void {
    const { follower } = connection
    if (!this.#connections.has(follower)) return
    connection.alive = true
    try {
      if (!connection.inbound.takes(follower)) throw new MeshError('congested', 'too many messages')
      if (isBinary) throw new MeshError('invalid', 'binary message')
      this.#handle(connection, parseFeedFollowerMessage(data.toString('utf8')))
    } catch (error) {
      if (!isMeshError(error)) this.#options.events.failed('WS', feedPath, error)
      this.#cut(connection, isMeshError(error) ? error.message : 'internal')
    }
  }

  #handle(connection: Connection, message: FeedFollowerMessage): void {
    const { follower } = connection
    switch (message.type) {
      case 'hello':
        follower.instance = message.instance ?? follower.instance
        this.#hello(connection, message.agents)
        break
      case 'ack':
        this.#acknowledged(connection, message.sequence)
        break
      case 'ping':
        this.#pong(connection, message.id)
        break
      case 'pong':
        break
    }
  }

  #pong(connection: Connection, id: number): void {
    const { inbound, socket } = connection
    if (!inbound.pong()) {
      this.#cut(connection, 'too slow', { atOnce: true })
      return
    }
    const text = JSON.stringify({ type: 'pong', id } satisfies FeedServerMessage)
    socket.send(text, () => inbound.pongWritten())
  }

  #hello(connection: Connection, agents: readonly { id: string; signature: string }[]): void {
    const { follower } = connection
    const joined: AgentId[] = []
    for (const { id: text, signature } of agents) {
      // Proven once is proven for as long as the connection and its nonce last.
      if (follower.includes(text)) continue
      const id = parseAgentId(text)
      const refusal = this.#admit(follower, id, fromBase64url(signature, 'signature'))
      if (refusal === undefined) {
        joined.push(id)
        continue
      }
      this.#send(connection, { type: 'refused', id, code: refusal, message: sentenceOf(refusal) })
      connection.refusals += 1
      // A stranger gets this many signatures checked per connection, and no more.
      if (connection.refusals >= limits.refusalsPerFollower) break
    }
    if (!follower.isFollowing) throw new MeshError('login-refused', 'no agent was let in')
    if (follower.agents.length > limits.agentsPerFollower) {
      throw new MeshError('too-large', 'too many agents')
    }
    if (joined.length > 0) this.#options.events.followerJoined(joined, follower.address)
    if (follower.wantSnapshot()) this.#sendSnapshot(connection)
  }

  #admit(follower: Follower, id: AgentId, signature: Uint8Array): ErrorCode | undefined {
    const { source } = this.#options
    if (!source.proves(id, follower.nonce, signature)) return 'login-refused'
    const answer = source.groupOf(id)
    if ('code' in answer) return answer.code
    follower.join(id, answer.group)
    return undefined
  }

  #sendSnapshot(connection: Connection): void {
    const { groups } = connection.follower
    this.#send(connection, { type: 'snapshot', ...this.#options.source.snapshot(groups) })
  }

  #acknowledged(connection: Connection, sequence: number): void {
    const outcome = connection.follower.acknowledge(sequence)
    if (outcome === 'invalid') throw new MeshError('invalid', 'acknowledged what was not sent')
    for (const spreading of this.#spreadings) spreading.check()
    if (outcome === 'due') this.#sendSnapshot(connection)
  }

  /** A revoked agent hears of it and then follows no longer. */
  #evict(connection: Connection, id: AgentId): void {
    const { follower } = connection
    if (!follower.agents.includes(id)) return
    this.#send(connection, { type: 'refused', id, code: 'revoked', message: sentenceOf('revoked') })
    follower.leave(id)
    if (follower.agents.length === 0) this.#cut(connection, 'revoked')
  }

  #send(connection: Connection, message: FeedServerMessage): void {
    const { follower, socket } = connection
    if (!this.#connections.has(follower)) return
    const text = JSON.stringify(message)
    const inTime = follower.sent(message, text.length, this.#options.clock.now())
    if (inTime) socket.send(text)
    else this.#cut(connection, 'too slow', { atOnce: true })
  }

  #beat(): void {
    const now = this.#options.clock.now()
    for (const connection of [...this.#connections.values()]) {
      const overdue = connection.alive ? connection.follower.overdue(now) : 'silent'
      if (overdue !== undefined) {
        this.#cut(connection, overdue, { atOnce: true })
        continue
      }
      connection.alive = false
      connection.inbound.beat()
      connection.socket.ping()
    }
  }

  /** `atOnce` for those who would not read a closing frame either. */
  #cut({ follower, socket }: Connection, reason: string, { atOnce = false } = {}): void {
    if (!this.#connections.has(follower)) return
    this.#options.events.followerCut(reason, follower.address)
    this.#forget(follower)
    if (atOnce) socket.terminate()
    // A close reason has at most 123 bytes (RFC 6455 §5.5).
    else socket.close(policyViolation, reason.replace(/[^ -~]/g, '?').slice(0, 120))
  }

  #forget(follower: Follower): void {
    if (!this.#connections.delete(follower)) return
    if (follower.agents.length > 0) this.#options.events.followerLeft(follower.agents)
    for (const spreading of this.#spreadings) spreading.forget(follower)
  }
}

interface Connection {
  readonly follower: Follower
  readonly socket: WebSocket
  readonly inbound: Inbound
  alive: boolean
  refusals: number
}

const sentences: Partial<Record<ErrorCode, string>> = {
  'login-refused': 'the signature does not fit this registry, its names and this connection',
  'not-found': 'this agent is not registered here',
}

function sentenceOf(code: ErrorCode): string {
  return sentences[code] ?? errorSentence(code)
}
