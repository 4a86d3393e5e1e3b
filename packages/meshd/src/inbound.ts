import { asMeshError, MeshError } from '@agent-mesh/core'
import { type IncomingCall, type Reply, reply } from '@agent-mesh/sdk'
import type { Events } from './events.js'
import type { LocalAgent, LocalAgentCall } from './local-agents/local-agent.js'

/** What an agent has to say to a call: which capabilities it offers, and who answers. */
export interface Answering {
  readonly name: string
  readonly capabilities: readonly string[]
  readonly program: LocalAgent | undefined
}

/**
 * An authenticated call that the rules allow becomes a call of the local program.
 * @throws MeshError 'not-found' for a capability that is not offered, and whatever the program throws
 */
export async function answerCall(
  { name, capabilities, program }: Answering,
  call: IncomingCall,
  events: Events,
): Promise<Reply> {
  const fields = { agent: name, peer: call.caller, capability: call.capability, call: call.id }
  events.callIn(fields)
  try {
    if (program === undefined || !capabilities.includes(call.capability)) {
      throw new MeshError('not-found', `${name} offers no ${call.capability}`, {
        details: { capability: call.capability },
      })
    }
    const answer = await program.answer(localCallOf(call))
    return reply(answer.body, answer.type === undefined ? {} : { type: answer.type })
  } catch (error) {
    if (!call.signal.aborted) events.callInFailed(fields, error)
    throw asMeshError(error)
  }
}

function localCallOf(call: IncomingCall): LocalAgentCall {
  const { id, caller, callerName, capability, type, deadlineMs, trace, signal } = call
  return {
    id,
    caller,
    capability,
    // meshd never repeats a POST or an exec (protocol.md §2).
    attempt: 1,
    body: call.body(),
    signal,
    ...(callerName === undefined ? {} : { callerName }),
    ...(type === undefined ? {} : { type }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(trace === undefined ? {} : { trace }),
  }
}
