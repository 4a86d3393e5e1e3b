import type { LocalAgentCall } from './local-agent.js'
import { traceparentOf } from './traceparent.js'

/**
 * What a program is told about a call beside its body (contract.md, Local HTTP agent): header
 * names and values. Values that no header or environment could hold are left out.
 */
export function callHeaders(call: LocalAgentCall): Record<string, string> {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['Mesh-Caller', call.caller],
    ['Mesh-Caller-Name', call.callerName],
    ['Mesh-Capability', call.capability],
    ['Mesh-Call-Id', call.id],
    ['Mesh-Attempt', String(call.attempt)],
    ['Mesh-Deadline-Ms', call.deadlineMs === undefined ? undefined : deadlineText(call.deadlineMs)],
    ['traceparent', traceparentOf(call.trace)],
  ]
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) {
    if (value !== undefined && isPlain(value)) headers[name] = value
  }
  return headers
}

/** The same as environment variables: MESH_CALLER, …, TRACEPARENT; MESH_CONTENT_TYPE for the body. */
export function callEnvironment(call: LocalAgentCall): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries(callHeaders(call))) {
    variables[name.toUpperCase().replaceAll('-', '_')] = value
  }
  if (call.type !== undefined && isPlain(call.type)) variables['MESH_CONTENT_TYPE'] = call.type
  return variables
}

/** The daemon's environment for its programs: what describes another call must not leak into one. */
export function programEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || name === 'TRACEPARENT' || name === 'TRACESTATE') continue
    if (name.startsWith('MESH_') && name !== 'MESH_HOME') continue
    kept[name] = value
  }
  return kept
}

function deadlineText(deadlineMs: number): string {
  return String(Math.max(0, Math.floor(deadlineMs)))
}

/** Names come from other machines. */
function isPlain(value: string): boolean {
  return !/[\p{Cc}]/u.test(value)
}
