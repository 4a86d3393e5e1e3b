import { type AgentId, asMeshError, type MeshError, shortId } from '@agent-mesh/core'
import { type Logger, pino } from 'pino'
import type { LogFile } from './log-file.js'

interface CallFields {
  /** The local agent. */
  readonly agent: string
  /** The agent on the other end. */
  readonly peer: AgentId
  readonly capability: string
  readonly call: string
}

/** What the daemon writes to its log: one function per event. No keys, no tokens, no payloads. */
export class Events {
  readonly #log: Logger

  constructor(file: LogFile, level: string) {
    this.#log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, file)
  }

  daemonStarted(fields: { version: string; home: string; agents: number }): void {
    this.#log.info({ event: 'daemon-started', pid: process.pid, ...fields })
  }

  daemonDraining(): void {
    this.#log.info({ event: 'daemon-draining' })
  }

  daemonEnded(): void {
    this.#log.info({ event: 'daemon-ended' })
  }

  agentUp({ name, id, server }: { name: string; id: AgentId; server: string }): void {
    this.#log.info({ event: 'agent-up', agent: name, id: shortId(id), server })
  }

  agentDown(name: string): void {
    this.#log.info({ event: 'agent-down', agent: name })
  }

  agentState(name: string, state: string, problem: string | undefined): void {
    this.#log.info({ event: 'agent-state', agent: name, state, problem })
  }

  agentFault(name: string, error: unknown): void {
    this.#log.error({ event: 'agent-fault', agent: name, ...fieldsOf(error) })
  }

  rulesLoaded(fields: { local: number; followRegistry: boolean }): void {
    this.#log.info({ event: 'rules-loaded', ...fields })
  }

  callIn({ peer, ...fields }: CallFields): void {
    this.#log.debug({ event: 'call-in', peer: shortId(peer), ...fields })
  }

  callInFailed({ peer, ...fields }: CallFields, error: unknown): void {
    this.#log.info({ event: 'call-in-failed', peer: shortId(peer), ...fields, ...fieldsOf(error) })
  }

  callOutFailed(fields: { agent: string; target: string; capability: string }, error: unknown) {
    this.#log.info({ event: 'call-out-failed', ...fields, code: asMeshError(error).code })
  }

  /** Something broke that no caller is told more of than 'internal'. */
  internalError(where: string, error: unknown): void {
    this.#log.error({ event: 'internal-error', where, ...fieldsOf(error), stack: stackOf(error) })
  }
}

/** Our own sentences; details may hold what a program wrote to stderr, and that may be a payload. */
function fieldsOf(error: unknown): { code: MeshError['code']; message: string } {
  const { code, message, cause } = asMeshError(error)
  const reason = code === 'internal' && cause instanceof Error ? cause.message : message
  return { code, message: reason }
}

function stackOf(error: unknown): string | undefined {
  const { cause } = asMeshError(error)
  return cause instanceof Error ? cause.stack : asMeshError(error).stack
}
