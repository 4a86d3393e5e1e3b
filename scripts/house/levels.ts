// Who may import whom. The table is the one of docs/architecture.md; every edge that is not in it
// is forbidden, and `reasonAgainst` says why in words a reader can act on.

/** Lower numbers are nearer the ground. The second row of level 1 builds on `api` alone. */
const levels = {
  core: 0,
  api: 1,
  testkit: 1.3,
  mcp: 1.6,
  a2a: 1.6,
  sdk: 2,
  relay: 2,
  registry: 2,
  meshd: 3,
  meshctl: 3,
  server: 3,
  web: 3,
  e2e: 4,
  bench: 4,
  examples: 4,
} as const

type PackageName = keyof typeof levels

const allowed: Record<PackageName, readonly PackageName[] | 'anything'> = {
  core: [],
  api: ['core'],
  mcp: ['core', 'api'],
  a2a: ['core', 'api'],
  testkit: ['core', 'api'],
  sdk: ['core', 'api'],
  relay: ['core', 'api'],
  registry: ['core', 'api'],
  meshd: ['core', 'api', 'sdk', 'a2a', 'mcp'],
  meshctl: ['core', 'api', 'mcp'],
  server: ['core', 'api', 'relay', 'registry'],
  web: ['core', 'api', 'sdk'],
  e2e: 'anything',
  bench: 'anything',
  examples: 'anything',
}

const downwardButForbidden: Partial<Record<`${PackageName} → ${PackageName}`, string>> = {
  'sdk → mcp': 'a program that speaks no MCP must not carry it',
  'sdk → a2a': 'a program that speaks no A2A must not carry it',
  'relay → mcp': 'the relay is blind and carries packets of any protocol',
  'relay → a2a': 'the relay is blind and carries packets of any protocol',
  'registry → mcp': 'the control plane knows cards and rules, no application protocol',
  'registry → a2a': 'the control plane knows cards and rules, no application protocol',
  'meshd → relay': 'a daemon reaches relays over the wire, whoever runs them',
  'meshd → registry': 'a daemon reaches the registry through api, whoever runs it',
  'meshctl → a2a': 'A2A servers plug into the daemon; the command line only names them',
  'meshctl → sdk': 'the command line acts through the daemon and holds no session of its own',
  'meshctl → relay': 'the command line uses the two HTTP APIs alone',
  'meshctl → registry': 'the command line reaches the registry through api',
  'server → sdk': 'the server is no agent and opens no session',
  'server → mcp': 'doors stand beside agents, not in the server',
  'server → a2a': 'doors stand beside agents, not in the server',
  'web → relay': 'the browser reaches relays over the wire',
  'web → registry': 'the browser reaches the registry through api',
  'web → mcp': 'doors stand beside the daemon; the browser uses the sdk',
  'web → a2a': 'doors stand beside the daemon; the browser uses the sdk',
}

/** A test may also look at any package below its own; only what ships is bound by the whole table. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly inTest: boolean
}

/** @returns why the edge is forbidden, or undefined when it is allowed */
export function reasonAgainst({ from, to, inTest }: Edge): string | undefined {
  if (from === to) return `${from} reaches its own files by relative paths`
  if (!isPackageName(from) || !isPackageName(to)) {
    return `${isPackageName(from) ? to : from} has no level yet: give it one in scripts/house/levels.ts`
  }
  const mayImport = allowed[from]
  if (mayImport === 'anything') return undefined
  if (mayImport.includes(to)) return undefined
  if (levels[to] > levels[from]) return `${to} stands above ${from}; imports only go down`
  if (levels[to] === levels[from]) return `${to} stands beside ${from}; imports never go sideways`
  if (inTest) return undefined
  if (to === 'testkit') return 'testkit is for tests only and never ships'
  return downwardButForbidden[`${from} → ${to}`] ?? `${to} is not in the list of ${from}`
}

function isPackageName(name: string): name is PackageName {
  return Object.hasOwn(levels, name)
}
