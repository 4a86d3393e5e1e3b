import type { ErrorCode } from '@agent-mesh/core'

// A way on for the failures that come without one of their own.
const hints: Partial<Record<ErrorCode, string>> = {
  'login-refused':
    'a code works once and for an hour; a new one: agent-mesh-server owner-login --db-path FILE',
  'not-logged-in': 'meshctl login --server URL',
  'unknown-agent': 'meshctl discover',
  ambiguous: 'give more of the id; meshctl discover --wide shows whole ones',
  offline: 'meshctl discover shows who is online',
  'registry-unreachable': 'is the server running?  agent-mesh-server',
  timeout: 'give it longer with --timeout 5m',
  revoked: 'a revoked key stays revoked; bring the agent up again under a new name',
}

export function hintFor(code: ErrorCode): string | undefined {
  return hints[code]
}
