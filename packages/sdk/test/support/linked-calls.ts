import {
  type AgentId,
  type CallHeader,
  type Chunk,
  createKeypair,
  type Decision,
  type ErrorCode,
  errorFromWire,
  nobleCrypto,
  SecretKey,
  wireNumber,
} from '@agent-mesh/core'
import type { CallHandler } from '../../src/calls/call.js'
import { IncomingCalls } from '../../src/calls/incoming.js'
import { OutgoingCalls } from '../../src/calls/outgoing.js'
import { FakeTime } from './fake-time.js'

/** One direction of one stream: bounded like the session's, and as silent until asked. */
class Pipe {
  readonly chunks: Chunk[] = []
  bytes = 0
  ended = false
  endRead = false
  wantsRead = false
  wantsRoom = false
}

interface Stream {
  readonly up: Pipe
  readonly down: Pipe
  over: boolean
}

export const agentNamed = (seed: number): AgentId =>
  createKeypair(SecretKey.fromSeed(new Uint8Array(32).fill(seed)), nobleCrypto).id

/** A caller and a callee over a session that loses nothing and takes no time. */
export class LinkedCalls {
  readonly time = new FakeTime()
  readonly caller = agentNamed(1)
  readonly callee = agentNamed(2)
  readonly outgoing: OutgoingCalls
  readonly incoming: IncomingCalls
  /** What was said of streams beside their bytes. */
  readonly log: string[] = []
  headers: CallHeader[] = []
  decision: Decision = {
    allowed: true,
    by: { source: 'local', rule: { effect: 'allow', from: '*', to: '*', capability: '*' } },
  }
  /** The most bytes that ever waited in one direction of a stream. */
  peakBytes = 0
  readonly #highWaterBytes: number
  readonly #streams = new Map<number, Stream>()
  #last = 0

  constructor(handler?: CallHandler, { highWaterBytes = 256 * 1024 } = {}) {
    this.#highWaterBytes = highWaterBytes
    const { clock } = this.time
    this.outgoing = new OutgoingCalls({
      crypto: nobleCrypto,
      clock,
      timers: this.time,
      port: {
        open: (_peer, header) => this.#open(header),
        read: (id) => this.#read(id, 'down'),
        write: (id, bytes, endOfMessage) => this.#write(id, 'up', { bytes, endOfMessage }),
        end: (id) => this.#end(id, 'up'),
        cancel: (id) => {
          this.log.push('cancel')
          this.#over(id, () => this.incoming.canceled(id))
        },
        reset: (id, code) => this.#over(id, () => this.incoming.reset(id, this.#error(code))),
      },
    })
    this.incoming = new IncomingCalls({
      clock,
      timers: this.time,
      decide: () => this.decision,
      nameOf: () => 'alice',
      port: {
        answer: (id, header) => this.#later(() => this.outgoing.answered(id, header)),
        read: (id) => this.#read(id, 'up'),
        write: (id, bytes, endOfMessage) => this.#write(id, 'down', { bytes, endOfMessage }),
        end: (id) => this.#end(id, 'down'),
        cancel: () => undefined,
        reset: (id, code, detail) => {
          this.log.push(`reset ${code}${detail === undefined ? '' : ` ${JSON.stringify(detail)}`}`)
          this.#over(id, () => this.outgoing.reset(id, this.#error(code, detail)))
        },
      },
    })
    this.incoming.handle(handler)
  }

  /** The far process is gone. */
  interrupt(): void {
    for (const id of [...this.#streams.keys()]) {
      this.#over(id, () => this.outgoing.reset(id, this.#error('interrupted')))
    }
  }

  call(body?: Parameters<OutgoingCalls['call']>[3], options = {}) {
    return this.outgoing.call(this.callee, 'bob', 'echo', body, options)
  }

  #open(header: CallHeader): number {
    const id = ++this.#last
    this.headers.push(header)
    this.#streams.set(id, { up: new Pipe(), down: new Pipe(), over: false })
    this.#later(() => this.incoming.opened(id, this.caller, header))
    return id
  }

  #read(id: number, direction: 'up' | 'down'): Chunk | 'end' | undefined {
    const pipe = this.#streams.get(id)?.[direction]
    if (pipe === undefined) return undefined
    const chunk = pipe.chunks.shift()
    if (chunk === undefined) {
      if (!pipe.ended) {
        pipe.wantsRead = true
        return undefined
      }
      pipe.endRead = true
      this.#maybeClosed(id)
      return 'end'
    }
    pipe.bytes -= chunk.bytes.length
    if (pipe.wantsRoom && pipe.bytes < this.#highWaterBytes) {
      pipe.wantsRoom = false
      const calls = direction === 'up' ? this.outgoing : this.incoming
      this.#later(() => calls.writable(id))
    }
    return chunk
  }

  #write(id: number, direction: 'up' | 'down', chunk: Chunk): boolean {
    const pipe = this.#streams.get(id)?.[direction]
    if (pipe === undefined) return true
    pipe.chunks.push(chunk)
    pipe.bytes += chunk.bytes.length
    this.peakBytes = Math.max(this.peakBytes, pipe.bytes)
    this.#wakeReader(id, direction)
    if (pipe.bytes < this.#highWaterBytes) return true
    pipe.wantsRoom = true
    return false
  }

  #end(id: number, direction: 'up' | 'down'): void {
    const pipe = this.#streams.get(id)?.[direction]
    if (pipe === undefined) return
    pipe.ended = true
    this.#wakeReader(id, direction)
    this.#maybeClosed(id)
  }

  #wakeReader(id: number, direction: 'up' | 'down'): void {
    const pipe = this.#streams.get(id)?.[direction]
    if (pipe === undefined || !pipe.wantsRead) return
    pipe.wantsRead = false
    const calls = direction === 'up' ? this.incoming : this.outgoing
    this.#later(() => calls.readable(id))
  }

  #maybeClosed(id: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    const done = [stream.up, stream.down].every((pipe) => pipe.endRead)
    if (done) this.#over(id, () => undefined)
  }

  #over(id: number, tell: () => void): void {
    const stream = this.#streams.get(id)
    if (stream === undefined || stream.over) return
    stream.over = true
    this.#later(() => {
      tell()
      this.#streams.delete(id)
      this.outgoing.closed(id)
      this.incoming.closed(id)
    })
  }

  #error(code: ErrorCode, detail?: Record<string, unknown>) {
    return errorFromWire(wireNumber(code), detail)
  }

  #later(run: () => void): void {
    queueMicrotask(run)
  }
}
