import { readFileSync } from 'node:fs'
import { type Keypair, MeshError } from '@agent-mesh/core'
import type { Mesh } from '@agent-mesh/sdk'
import { Agent } from './agent.js'
import type { Events } from './events.js'
import { directorySaveMs } from './limits.js'
import type { LocalAgent } from './local-agents/local-agent.js'
import type { Policy } from './policy.js'
import type { AgentRecord } from './state/agents-table.js'
import { DirectorySaver } from './state/directory-saver.js'
import type { State } from './state/state.js'

export interface PlaceOptions {
  readonly mesh: Mesh
  readonly state: State
  readonly policy: Policy
  readonly events: Events
  /** What answers the agent's calls. */
  readonly programOf: (record: AgentRecord) => LocalAgent | undefined
}

/** An agent with what ends together with it. */
export interface Place<A> {
  readonly agent: A
  readonly close: () => Promise<void>
}

/**
 * Brings an agent into the mesh; its link comes up behind it. What the registry says of its groups
 * is kept on disk, for a start while the registry is away.
 * @throws MeshError 'revoked', or 'config' when its key or certificates are not what they must be
 */
export function openPlace(
  record: AgentRecord,
  keypair: Keypair,
  { mesh, state, policy, events, programOf }: PlaceOptions,
): Place<Agent> {
  checkKey(record, keypair)
  const cached = state.directories.get(record.name)
  const program = programOf(record)
  const member = mesh.join({
    keypair,
    server: record.server,
    insecure: record.insecureHttp,
    policy,
    ...(record.caFile === null ? {} : { ca: readCa(record.caFile) }),
    ...(cached === undefined ? {} : { cached }),
  })
  const agent = new Agent(record, member, program, events)
  const saver = new DirectorySaver({
    save: () => state.directories.save(record.name, member.directory.state(), Date.now()),
    intervalMs: directorySaveMs,
    onError: (error) => events.internalError('directory', error),
  })
  const unsubscribe = [
    member.directory.onChange(() => saver.note()),
    member.onStatus(noteChanges(record, state, events)),
  ]
  const close = async () => {
    for (const stop of unsubscribe) stop()
    saver[Symbol.dispose]()
    await agent[Symbol.asyncDispose]()
  }
  return { agent, close }
}

function checkKey({ name, id, revokedAt }: AgentRecord, keypair: Keypair): void {
  if (revokedAt !== null) throw new MeshError('revoked', `the key of ${name} was revoked`)
  if (keypair.id === id) return
  throw new MeshError('config', `the key of ${name} is not the one it was brought up with`, {
    hint: `meshctl up --name ${name}`,
  })
}

function noteChanges({ name, id }: AgentRecord, state: State, events: Events) {
  let last: string | undefined
  return (status: { state: string; error?: { message: string } }) => {
    if (status.state === last) return
    last = status.state
    events.agentState(name, status.state, status.error?.message)
    // On disk, so that it stays so however long the registry cannot be asked.
    if (status.state === 'revoked') state.agents.markRevoked({ name, id }, Date.now())
  }
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('config', `the certificates in ${path} cannot be read (${reason})`, {
      cause,
    })
  }
}
