import { setTimeout as delay } from 'node:timers/promises'
import type { AgentStatus, UpRequest } from '@agent-mesh/api/local'
import { asMeshError, isMeshError, type Keypair, MeshError } from '@agent-mesh/core'
import { Agent, FaultyAgent, unreachableError } from './agent.js'
import { readAgentKey } from './keys/agent-key.js'
import { drainPollMs, upMs } from './limits.js'
import { openPlace, type Place, type PlaceOptions } from './place.js'
import type { AgentRecord } from './state/agents-table.js'

export interface RosterOptions extends PlaceOptions {
  readonly home: string
}

/** All agents of this daemon, by name. */
export class Roster implements AsyncDisposable {
  readonly #options: RosterOptions
  readonly #places = new Map<string, Place<Agent | FaultyAgent>>()
  /** The last change under way per name: two `up`s of one agent must not meet. */
  readonly #changes = new Map<string, Promise<unknown>>()

  constructor(options: RosterOptions) {
    this.#options = options
  }

  get agents(): (Agent | FaultyAgent)[] {
    const places = [...this.#places.values()].map(({ agent }) => agent)
    return places.sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
  }

  /** Brings up every agent of the state; one that cannot be is shown with its reason. */
  async start(): Promise<void> {
    for (const record of this.#options.state.agents.all()) {
      try {
        this.#open(record, await readAgentKey(this.#options.home, record.name))
      } catch (error) {
        this.#options.events.agentFault(record.name, error)
        this.#openFaulty(record, asMeshError(error))
      }
    }
  }

  /**
   * Resolves when the agent's link is live. What the request leaves out keeps its stored value.
   * @throws MeshError 'unreachable' when it takes too long; the daemon goes on trying
   */
  up(request: UpRequest, signal: AbortSignal): Promise<AgentStatus> {
    return this.#change(request.name, async () => {
      const stored = this.#places.get(request.name)?.agent.record
      const keypair = await readAgentKey(this.#options.home, request.name)
      const record = recordOf(request, keypair, stored)
      if (record.revokedAt !== null) {
        throw new MeshError('revoked', `the key of ${record.name} was revoked`)
      }
      this.#options.state.agents.save(record)
      const agent = await this.#openOrUpdate(record, keypair)
      this.#options.events.agentUp(record)
      try {
        await ready(agent, signal)
      } catch (error) {
        // One that the registry does not take was not brought up, unless it was there before.
        if (stored === undefined && isRefusal(error)) await this.#forget(record.name)
        throw error
      }
      return agent.status
    })
  }

  /** @throws MeshError 'not-found' */
  down(name: string): Promise<void> {
    return this.#change(name, async () => {
      if (!this.#places.has(name)) {
        throw new MeshError('not-found', `meshd has no agent ${name}`, { hint: 'meshctl status' })
      }
      await this.#forget(name)
      this.#options.events.agentDown(name)
    })
  }

  /**
   * The agent that speaks: by name, or the only one.
   * @throws MeshError 'usage' when it cannot be told, 'unknown-agent', or why the agent is not there
   */
  speaker(name: string | undefined): Agent {
    const agent = name === undefined ? this.#only() : this.#places.get(name)?.agent
    if (agent === undefined) {
      throw new MeshError('unknown-agent', `meshd has no agent ${name}`, {
        hint: `meshctl up --name ${name}`,
      })
    }
    if (agent instanceof Agent) return agent
    throw agent.fault
  }

  /** The local policy changed: calls under way are decided again. */
  redecide(): void {
    for (const agent of this.agents) if (agent instanceof Agent) agent.member.redecide()
  }

  /** Takes no more calls; resolves when none is under way, or after `ms`. */
  async drain(ms: number): Promise<void> {
    const until = performance.now() + ms
    for (const agent of this.agents) if (agent instanceof Agent) agent.refuseCalls()
    const isBusy = () => this.agents.some((agent) => agent instanceof Agent && agent.isBusy)
    while (isBusy() && performance.now() < until) await delay(drainPollMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#changes.values())
    await Promise.all([...this.#places.keys()].map((name) => this.#close(name)))
  }

  #only(): Agent | FaultyAgent {
    const [first, ...others] = this.agents
    if (first === undefined) {
      throw new MeshError('usage', 'no agent is up that could speak', {
        hint: 'meshctl up --name NAME',
      })
    }
    if (others.length === 0) return first
    const names = this.agents.map(({ record }) => record.name).join(', ')
    throw new MeshError('usage', `which agent speaks? There are ${names}`, { hint: '--as NAME' })
  }

  async #openOrUpdate(record: AgentRecord, keypair: Keypair): Promise<Agent> {
    const current = this.#places.get(record.name)?.agent
    if (current instanceof Agent && hasSameLink(current, record)) {
      current.update(record, this.#options.programOf(record))
      return current
    }
    await this.#close(record.name)
    if (current !== undefined && isAnother(current.record, record)) {
      this.#options.state.directories.remove(record.name)
    }
    return this.#open(record, keypair)
  }

  #open(record: AgentRecord, keypair: Keypair): Agent {
    const place = openPlace(record, keypair, this.#options)
    this.#places.set(record.name, place)
    return place.agent
  }

  #openFaulty(record: AgentRecord, fault: MeshError): void {
    this.#places.set(record.name, { agent: new FaultyAgent(record, fault), close: async () => {} })
  }

  async #forget(name: string): Promise<void> {
    await this.#close(name)
    this.#options.state.agents.remove(name)
  }

  async #close(name: string): Promise<void> {
    const place = this.#places.get(name)
    this.#places.delete(name)
    await place?.close()
  }

  async #change<T>(name: string, act: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(name)
    const change = (async () => {
      await before?.catch(() => undefined)
      return act()
    })()
    this.#changes.set(name, change)
    try {
      return await change
    } finally {
      if (this.#changes.get(name) === change) this.#changes.delete(name)
    }
  }
}

function recordOf(
  request: UpRequest,
  { id }: Keypair,
  stored: AgentRecord | undefined,
): AgentRecord {
  const server = request.server ?? stored?.server
  if (server === undefined) {
    throw new MeshError('invalid', `body.server: is missing, and ${request.name} has none stored`)
  }
  return {
    name: request.name,
    id,
    server,
    group: request.group ?? stored?.group ?? null,
    capabilities: request.capabilities ?? stored?.capabilities ?? [],
    program: request.program === undefined ? (stored?.program ?? null) : request.program,
    caFile: request.caFile === undefined ? (stored?.caFile ?? null) : request.caFile,
    insecureHttp: request.insecureHttp ?? stored?.insecureHttp ?? false,
    revokedAt: stored?.id === id ? stored.revokedAt : null,
  }
}

function isAnother(before: AgentRecord, after: AgentRecord): boolean {
  return before.id !== after.id || before.server !== after.server
}

/** Whether a change leaves key and server as they are, so that the link may live on. */
function hasSameLink({ record, member }: Agent, next: AgentRecord): boolean {
  return (
    !isAnother(record, next) &&
    record.caFile === next.caFile &&
    record.insecureHttp === next.insecureHttp &&
    member.status.state !== 'replaced'
  )
}

async function ready(agent: Agent, signal: AbortSignal): Promise<void> {
  const patience = AbortSignal.timeout(upMs)
  try {
    await agent.member.ready({ signal: AbortSignal.any([signal, patience]) })
  } catch (error) {
    if (signal.aborted || !patience.aborted) throw error
    throw unreachableError(agent.status)
  }
}

function isRefusal(error: unknown): boolean {
  return isMeshError(error) && ['login-refused', 'not-found', 'revoked'].includes(error.code)
}
