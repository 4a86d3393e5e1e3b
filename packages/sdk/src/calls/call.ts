import type { AgentId } from '@agent-mesh/core'
import type { BodyReader } from './body-reader.js'
import type { Body } from './chunk.js'

/** How an outgoing call is made. */
export interface CallOptions {
  /** Aborting it cancels the call; the far handler hears it. Rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Milliseconds until the call fails with `timeout`, here and there. Default: none. */
  readonly deadlineMs?: number
  /** Content type of the body. Default: by the kind of body. */
  readonly type?: string
  /** Small facts for the handler; the whole call header is at most 8 KiB. */
  readonly meta?: Readonly<Record<string, string>>
  /** W3C traceparent, handed to the far handler as it is. */
  readonly trace?: string
  /** The call's id, 16 bytes in base64url: one that is sent again with it runs once. Default: random. */
  readonly id?: string
}

/** What a handler gets. Its body can be read once: `bytes()`, `text()`, `json()`, `chunks()`, `body()` or as messages. */
export interface IncomingCall
  extends Pick<BodyReader, 'chunks' | 'body' | 'bytes' | 'text' | 'json'>,
    AsyncIterable<Uint8Array> {
  /** The call's id, chosen by its caller. */
  readonly id: string
  /** Proven: whoever calls holds this key. */
  readonly caller: AgentId
  /** The caller's name in our groups; a hint, not an identity. */
  readonly callerName: string | undefined
  readonly capability: string
  readonly type: string | undefined
  readonly meta: Readonly<Record<string, string>>
  readonly trace: string | undefined
  /** Milliseconds left when it arrived. */
  readonly deadlineMs: number | undefined
  /** Aborted when the caller cancels or is gone, when the deadline is over, when the agent leaves. */
  readonly signal: AbortSignal
}

/** An answer with a content type or other facts of its own; made by `reply`. */
export class Reply {
  readonly body: Body
  readonly type: string | undefined
  readonly meta: Readonly<Record<string, string>> | undefined

  constructor(body: Body, options: ReplyOptions = {}) {
    this.body = body
    this.type = options.type
    this.meta = options.meta
  }
}

export interface ReplyOptions {
  readonly type?: string
  readonly meta?: Readonly<Record<string, string>>
}

/** What a handler returns when the body alone does not say it all. */
export function reply(body: Body, options?: ReplyOptions): Reply {
  return new Reply(body, options)
}

/**
 * Answers a call with a body, or with an iterable that is streamed as it yields. What it throws
 * reaches the caller as `handler-failed`, or as its own code if it is a MeshError with a code that
 * is a handler's to use: `busy`, `congested`, `denied`, `handler-failed`, `invalid`, `not-found`,
 * `store-full`, `timeout`, `too-large`. Of a MeshError the details cross (JSON, at most 4 KiB),
 * never the text.
 */
export type CallHandler = (call: IncomingCall) => Body | Reply | Promise<Body | Reply>
