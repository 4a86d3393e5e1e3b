import type { CallQuery } from '@agent-mesh/api/local'
import { type AgentId, isMeshError, MeshError, ruleApplies, toBase64url } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import type { Answer, Directory } from '@agent-mesh/sdk'
import type { Agent } from './agent.js'
import { nameCallError } from './call-errors.js'
import { maxFailFastMs, maxReplayBytes, waitStepMs } from './limits.js'
import type { BackendAnswer } from './local-api/backend.js'
import { ReplayableBody } from './replayable-body.js'

interface OutboundCall extends CallQuery {
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * A local program's call becomes a call of the mesh. Resolves when the answer begins.
 * @throws MeshError with the names involved: 'unknown-agent', 'ambiguous', 'denied', 'offline', …
 */
export async function callOut(
  agent: Agent,
  call: OutboundCall,
  signal: AbortSignal,
): Promise<BackendAnswer> {
  const startedAt = performance.now()
  const body = new ReplayableBody(call.body, maxReplayBytes)
  if (call.waitMs === undefined) body.settle()
  // One id for every try: whatever reached the target runs once (protocol.md §2).
  const id = toBase64url(nodeCrypto.randomBytes(16))
  for (;;) {
    const triedAt = performance.now()
    const elapsedMs = triedAt - startedAt
    try {
      const answer = await tryOnce(agent, call, { id, body, signal, elapsedMs })
      body.settle()
      const { type, meta } = answer
      return { type, meta, chunks: () => chunksOf(answer, agent, call) }
    } catch (error) {
      signal.throwIfAborted()
      const leftMs = (call.waitMs ?? 0) - (performance.now() - startedAt)
      const wasQuick = performance.now() - triedAt < maxFailFastMs
      if (!isAbsence(error) || !wasQuick || !body.canReplay || leftMs <= 0) throw error
      await newsOrTimeout(agent.member.directory, Math.min(waitStepMs, leftMs), signal)
    }
  }
}

interface Try {
  readonly id: string
  readonly body: ReplayableBody
  readonly signal: AbortSignal
  readonly elapsedMs: number
}

async function tryOnce(
  agent: Agent,
  call: OutboundCall,
  { id, body, signal, elapsedMs }: Try,
): Promise<Answer> {
  const { target, capability, timeoutMs, type, traceparent } = call
  try {
    return await agent.member.call(target, capability, inOneMessage(body), {
      id,
      signal,
      ...(timeoutMs === undefined
        ? {}
        : { deadlineMs: Math.max(1, Math.round(timeoutMs - elapsedMs)) }),
      ...(type === undefined ? {} : { type }),
      ...(traceparent === undefined ? {} : { trace: traceparent }),
    })
  } catch (error) {
    throw named(error, agent, call)
  }
}

async function* chunksOf(answer: Answer, agent: Agent, call: OutboundCall) {
  try {
    yield* answer.chunks()
  } catch (error) {
    throw named(error, agent, call)
  }
}

function named(error: unknown, { member, record }: Agent, call: OutboundCall): unknown {
  if (!isMeshError(error)) return error
  // The caller did not wish it, or the signal would be aborted: its agent was taken out of the mesh.
  if (error.code === 'canceled') return interrupted(record.name, error)
  const { directory, status } = member
  const { capability } = call
  return nameCallError(error, {
    caller: record.name,
    target: nameOf(directory, call.target),
    capability,
    problem: status.state === 'online' ? undefined : status.error?.message,
    isAllowedByRegistry: isAllowedByRegistry(directory, member.id, call),
  })
}

function interrupted(name: string, cause: MeshError): MeshError {
  const message = `${name} was taken down during the call; whether it ran is unknown`
  return new MeshError('interrupted', message, { cause })
}

/** As far as the caller's view tells; the decision was the receiver's. */
function isAllowedByRegistry(
  directory: Directory,
  caller: AgentId,
  { target, capability }: OutboundCall,
): boolean {
  try {
    const question = { caller, target: directory.resolve(target).id, capability }
    const rules = directory.rules().filter((rule) => ruleApplies(rule, question))
    return rules.length > 0 && rules.every(({ effect }) => effect === 'allow')
  } catch {
    return false
  }
}

/** The bytes of an HTTP body have no borders of messages. */
async function* inOneMessage(body: ReplayableBody) {
  for await (const bytes of body.read()) yield { bytes, endOfMessage: false }
}

/** The target's name where it can be told, else what the caller called it. */
function nameOf(directory: Directory, target: string): string {
  try {
    return directory.resolve(target).name
  } catch {
    return target
  }
}

/** The target is not there now, and no packet of the call was taken by it. */
function isAbsence(error: unknown): boolean {
  return isMeshError(error) && ['offline', 'unreachable', 'unknown-agent'].includes(error.code)
}

/** Resolves at the directory's next change or after `ms`, whichever comes first. */
function newsOrTimeout(directory: Directory, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (settle: () => void) => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = () => leave(() => reject(signal.reason))
    const timer = setTimeout(() => leave(resolve), ms)
    const unsubscribe = directory.onChange(() => leave(resolve))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
