import {
  type FeedChange,
  type FeedFollowerMessage,
  type FeedSnapshot,
  parseFeedServerMessage,
} from '@agent-mesh/api'
import {
  agentRequestBytes,
  asMeshError,
  type ErrorCode,
  fromBase64url,
  isErrorCode,
  type Keypair,
  toBase64url,
} from '@agent-mesh/core'
import { limits } from '../limits.js'
import { Backoff } from '../link/backoff.js'
import type { LinkProblem } from '../link/effects.js'

/** What the feed asks of its driver. To be carried out in order. */
export type FeedEffect =
  | { readonly kind: 'dial'; readonly connection: number }
  | { readonly kind: 'write'; readonly text: string }
  | { readonly kind: 'hang-up' }
  /** Puts it in force before the next effect, which acknowledges it. */
  | { readonly kind: 'apply'; readonly message: FeedSnapshot | FeedChange }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'status' }

export interface FeedLinkOptions {
  readonly keypair: Keypair
  /** HTTP origin of the server's base URL, as dialled: what the hello signs. */
  readonly origin: string
  /** The same for all feeds of this process, so that it counts as one daemon. */
  readonly instance: string
  readonly random: () => number
}

export interface FeedLinkStatus {
  readonly state: 'connecting' | 'current' | 'waiting' | 'stopped'
  readonly problem: LinkProblem | undefined
}

/** Refusals after which asking again would only ask the same. */
const finalCodes: ReadonlySet<ErrorCode> = new Set(['revoked', 'login-refused', 'not-found'])

/**
 * The feed of one agent; pure. The flow is that of @agent-mesh/api's feed: challenge, hello,
 * snapshot, changes, each acknowledged once it is in force. A lost feed starts again from a
 * snapshot, after the same waits as a relay link.
 */
export class FeedLink {
  readonly #options: FeedLinkOptions
  readonly #backoff: Backoff
  #effects: FeedEffect[] = []
  #connection = 0
  #state: FeedLinkStatus['state'] = 'waiting'
  #problem: LinkProblem | undefined
  #retryAt: number | undefined
  /** Nothing heard until then: ask, or, having asked, give up. */
  #quietAt: number | undefined
  #pinged = false
  #pingId = 0
  #currentSince: number | undefined

  constructor(options: FeedLinkOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.random)
  }

  get status(): FeedLinkStatus {
    return { state: this.#state, problem: this.#problem }
  }

  start(now: number): void {
    if (this.#state === 'waiting') this.#dial(now)
  }

  stop(problem?: LinkProblem): void {
    if (this.#state === 'stopped') return
    this.#hangUp()
    this.#noLongerCurrent()
    this.#problem = problem
    this.#retryAt = undefined
    this.#enter('stopped')
  }

  received(connection: number, text: string | Uint8Array, now: number): void {
    if (connection !== this.#connection || !this.#isUp()) return
    try {
      if (typeof text !== 'string') throw new TypeError('a binary frame in the feed')
      const message = parseFeedServerMessage(text)
      this.#quietAt = now + limits.feedPingMs
      this.#pinged = false
      this.#take(message, now)
    } catch (error) {
      this.#lose(asMeshError(error).message, now)
    }
  }

  closed(connection: number, detail: string, now: number): void {
    if (connection !== this.#connection || !this.#isUp()) return
    this.#lose(detail || 'the feed was closed', now, false)
  }

  /** The network or the clock jumped: find out now whether the feed still lives. */
  verify(now: number): void {
    if (this.#state === 'waiting') this.#retryAt = now
    else if (this.#state === 'current' && !this.#pinged) this.#quietAt = now
    this.tick(now)
  }

  deadline(): number | undefined {
    if (this.#state === 'stopped') return undefined
    return this.#state === 'waiting' ? this.#retryAt : this.#quietAt
  }

  tick(now: number): void {
    if (this.#state === 'waiting' && this.#retryAt !== undefined && this.#retryAt <= now) {
      this.#dial(now)
    } else if (this.#isUp() && this.#quietAt !== undefined && this.#quietAt <= now) {
      if (this.#pinged || this.#state === 'connecting') {
        this.#lose('the feed is silent', now)
        return
      }
      this.#pinged = true
      this.#pingId += 1
      this.#quietAt = now + limits.feedPingMs
      this.#write({ type: 'ping', id: this.#pingId })
    }
  }

  drain(): FeedEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #take(message: ReturnType<typeof parseFeedServerMessage>, now: number): void {
    switch (message.type) {
      case 'challenge':
        this.#hello(message.nonce)
        return
      case 'refused': {
        const code = isErrorCode(message.code) ? message.code : 'login-refused'
        const problem = { code, message: message.message }
        if (finalCodes.has(code)) {
          this.stop(problem)
          return
        }
        this.#lose(message.message, now)
        return
      }
      case 'snapshot':
      case 'change':
        this.#effects.push({ kind: 'apply', message })
        this.#write({ type: 'ack', sequence: message.sequence })
        this.#problem = undefined
        this.#currentSince ??= now
        this.#enter('current')
        return
      case 'ping':
        this.#write({ type: 'pong', id: message.id })
        return
      case 'pong':
        this.#effects.push({ kind: 'confirmed' })
    }
  }

  #hello(nonce: string): void {
    const { keypair, origin, instance } = this.#options
    const bytes = agentRequestBytes({
      origin,
      nonce: fromBase64url(nonce, 'nonce'),
      purpose: 'feed',
    })
    const signature = toBase64url(keypair.sign('agent-request', bytes))
    this.#write({ type: 'hello', instance, agents: [{ id: keypair.id, signature }] })
  }

  #dial(now: number): void {
    this.#retryAt = undefined
    this.#connection += 1
    this.#pinged = false
    this.#quietAt = now + limits.dialTimeoutMs
    this.#effects.push({ kind: 'dial', connection: this.#connection })
    this.#enter('connecting')
  }

  #lose(why: string, now: number, hangUp = true): void {
    if (hangUp) this.#hangUp()
    const stableAt = (this.#currentSince ?? Number.POSITIVE_INFINITY) + limits.stableAfterMs
    if (now >= stableAt) this.#backoff.reset()
    this.#noLongerCurrent()
    this.#problem = { code: 'registry-unreachable', message: why }
    this.#retryAt = now + this.#backoff.next()
    this.#enter('waiting')
  }

  #noLongerCurrent(): void {
    if (this.#currentSince !== undefined) this.#effects.push({ kind: 'lost' })
    this.#currentSince = undefined
  }

  #hangUp(): void {
    if (this.#isUp()) this.#effects.push({ kind: 'hang-up' })
  }

  #isUp(): boolean {
    return this.#state === 'connecting' || this.#state === 'current'
  }

  #write(message: FeedFollowerMessage): void {
    this.#effects.push({ kind: 'write', text: JSON.stringify(message) })
  }

  #enter(state: FeedLinkStatus['state']): void {
    if (state === this.#state) return
    this.#state = state
    this.#effects.push({ kind: 'status' })
  }
}
