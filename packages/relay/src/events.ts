import { type AgentId, type RefusalCode, shortId, type UndeliverableReason } from '@agent-mesh/core'

export type EventLevel = 'debug' | 'info' | 'warn' | 'error'
export type EventFields = Readonly<Record<string, string | number | boolean>>
/** Where events go: a name and fields, never a sentence. */
export type EventLog = (level: EventLevel, event: string, fields: EventFields) => void

/** Why a link ended. */
export type LinkEnd =
  | 'client'
  | 'dead'
  | 'draining'
  | 'expired'
  | 'notice-lost'
  | 'protocol'
  | 'renewed-elsewhere'
  | 'replaced'
  | 'revoked'
  | 'stalled'

export interface RelayCounters {
  connections: number
  logins: number
  refusals: Record<RefusalCode, number>
  forwardedPackets: number
  forwardedBytes: number
  undeliverable: Record<UndeliverableReason, number>
  throttled: number
  linkEnds: Record<LinkEnd, number>
}

function noCounts(): RelayCounters {
  return {
    connections: 0,
    logins: 0,
    refusals: {
      'login-refused': 0,
      revoked: 0,
      'registry-unreachable': 0,
      busy: 0,
      invalid: 0,
    },
    forwardedPackets: 0,
    forwardedBytes: 0,
    undeliverable: { unreachable: 0, offline: 0, congested: 0, 'too-large': 0 },
    throttled: 0,
    linkEnds: {
      client: 0,
      dead: 0,
      draining: 0,
      expired: 0,
      'notice-lost': 0,
      protocol: 0,
      'renewed-elsewhere': 0,
      replaced: 0,
      revoked: 0,
      stalled: 0,
    },
  }
}

/**
 * Everything a relay reports: one function per event, which also counts it. Ids are shortened; keys,
 * admissions and packets never come here. What happens per packet is counted and not logged.
 */
export class RelayEvents {
  readonly counters: RelayCounters = noCounts()
  readonly #log: EventLog

  constructor(log: EventLog = () => {}) {
    this.#log = log
  }

  connectionOpened(): void {
    this.counters.connections += 1
  }

  loginAccepted(agent: AgentId, epoch: number): void {
    this.counters.logins += 1
    this.#log('info', 'relay.login-accepted', { agent: shortId(agent), epoch })
  }

  loginRefused(code: RefusalCode, why: string, address: string): void {
    this.counters.refusals[code] += 1
    this.#log('info', 'relay.login-refused', { code, why, address })
  }

  gateFailed(agent: AgentId, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#log('error', 'relay.gate-failed', { agent: shortId(agent), reason })
  }

  linkEnded(agent: AgentId, end: LinkEnd, detail = ''): void {
    this.counters.linkEnds[end] += 1
    const fields = { agent: shortId(agent), end, ...(detail === '' ? {} : { detail }) }
    this.#log(end === 'protocol' ? 'warn' : 'info', 'relay.link-ended', fields)
  }

  admissionRenewed(agent: AgentId): void {
    this.#log('debug', 'relay.admission-renewed', { agent: shortId(agent) })
  }

  throttled(agent: AgentId, ms: number): void {
    this.counters.throttled += 1
    this.#log('info', 'relay.throttled', { agent: shortId(agent), ms })
  }

  packetForwarded(bytes: number): void {
    this.counters.forwardedPackets += 1
    this.counters.forwardedBytes += bytes
  }

  packetUndeliverable(reason: UndeliverableReason): void {
    this.counters.undeliverable[reason] += 1
  }

  draining(ms: number, links: number): void {
    this.#log('info', 'relay.draining', { ms, links })
  }

  stopped(): void {
    this.#log('info', 'relay.stopped', {})
  }
}
