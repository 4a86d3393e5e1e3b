import type { AgentState, AgentStatus, LinkStatus } from '@agent-mesh/api/local'
import { MeshError } from '@agent-mesh/core'
import type { Member } from '@agent-mesh/sdk'
import type { Events } from './events.js'
import { answerCall } from './inbound.js'
import type { LocalAgent } from './local-agents/local-agent.js'
import type { AgentRecord } from './state/agents-table.js'

/** An agent of this daemon: what it is, its place in the mesh, and the program that answers. */
export class Agent implements AsyncDisposable {
  readonly member: Member
  #record: AgentRecord
  #program: LocalAgent | undefined

  constructor(
    record: AgentRecord,
    member: Member,
    program: LocalAgent | undefined,
    events: Events,
  ) {
    this.#record = record
    this.#program = program
    this.member = member
    member.onCall((call) => {
      const { name, capabilities } = this.#record
      return answerCall({ name, capabilities, program: this.#program }, call, events)
    })
  }

  get record(): AgentRecord {
    return this.#record
  }

  /** Calls under way keep the program they have. */
  update(record: AgentRecord, program: LocalAgent | undefined): void {
    this.#record = record
    this.#program = program
  }

  /** Calls under way may finish; whoever calls from now on is told to come back later. */
  refuseCalls(): void {
    this.member.onCall(() => {
      throw new MeshError('busy', 'the daemon is ending')
    })
  }

  get isBusy(): boolean {
    return this.member.status.calls.running > 0
  }

  get status(): AgentStatus {
    const { state, link, error, calls } = this.member.status
    return statusOf(this.#record, {
      state,
      link:
        link.state === 'live' || link.state === 'draining'
          ? { kind: 'relay', relay: link.relay, rttMs: link.rttMs ?? null }
          : noLink,
      calls: { in: calls.in, out: calls.out, active: calls.running },
      problem: state === 'online' ? null : (error?.message ?? null),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.member[Symbol.asyncDispose]()
  }
}

/** An agent of the state that cannot be brought up: its key is missing, or was revoked. */
export class FaultyAgent implements AsyncDisposable {
  readonly record: AgentRecord
  readonly fault: MeshError

  constructor(record: AgentRecord, fault: MeshError) {
    this.record = record
    this.fault = fault
  }

  get status(): AgentStatus {
    return statusOf(this.record, {
      state: this.fault.code === 'revoked' ? 'revoked' : 'offline',
      link: noLink,
      calls: { in: 0, out: 0, active: 0 },
      problem: this.fault.message,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const noLink: LinkStatus = { kind: 'none', relay: null, rttMs: null }

interface Circumstances {
  readonly state: AgentState
  readonly link: LinkStatus
  readonly calls: AgentStatus['calls']
  readonly problem: string | null
}

function statusOf(record: AgentRecord, circumstances: Circumstances): AgentStatus {
  const { name, id, capabilities, program, server, group } = record
  return { name, id, capabilities: [...capabilities], program, server, group, ...circumstances }
}

/** The agent's state as an error, for those who wait for its link. */
export function unreachableError({ name, state, problem, server }: AgentStatus): MeshError {
  if (state === 'revoked') return new MeshError('revoked', `the key of ${name} was revoked`)
  const reason = problem === null ? '' : ` (${problem})`
  return new MeshError('unreachable', `${name} has no link to ${server} yet${reason}`, {
    hint: 'meshd goes on trying: meshctl status',
  })
}
