import type { AgentView } from '@agent-mesh/api'
import { MeshError } from '@agent-mesh/core'
import { describeAge } from '../duration.js'
import type { Invocation } from '../invocation.js'
import { displayId, type Output } from '../output.js'
import { printable } from '../printable.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'
import { describeAgent, exampleOf } from '../view.js'

interface DiscoverOptions {
  readonly capability?: string
  readonly name?: string
  readonly limit?: string
}

export const defineDiscover: Define = (command, act) => {
  command
    .description('Finds agents of your groups by capability, name or words.')
    .usage('[WORDS…] [--capability C] [--name N]')
    .argument('[words...]', 'words to look for in names, capabilities and descriptions')
    .option('--capability <c>', 'agents with this capability; prefix.* for all below a prefix')
    .option('--name <n>', 'the agent of this name')
    .option('--limit <n>', 'how many at most', '50')
    .action(act(discover))
    .addHelpText(
      'after',
      helpEnd(
        [
          'meshctl discover',
          "meshctl discover --capability 'calendar.*'",
          'meshctl discover meeting notes --json',
        ],
        { 4: 'you are not logged in', 7: 'no server answers' },
      ),
    )
}

/** One page of the registry's answer. */
const pageLength = 200

async function discover(
  invocation: Invocation,
  options: DiscoverOptions,
  words: readonly string[],
): Promise<void> {
  const limit = parseLimit(options.limit ?? '50')
  const { capability, name } = options
  if (capability?.trim() === '') throw new MeshError('usage', '--capability is empty')
  if (name?.trim() === '') throw new MeshError('usage', '--name is empty')
  const wanted = words.filter((word) => word.trim() !== '')
  const { agents, total } = await find(invocation, options, { words: wanted, limit })
  const { output } = invocation
  if (output.isJson) {
    output.json(agents.map(describeAgent))
    return
  }
  if (agents.length === 0) {
    output.note('No agent in your groups fits.')
    return
  }
  show(agents, output)
  const example = exampleOf(agents.map(describeAgent))
  const count = `${agents.length} of ${total}.`
  if (example === undefined) output.note(count)
  else {
    const { target, capability } = example
    output.note(`${count} Call one:  meshctl request --target ${target} --capability ${capability}`)
  }
}

async function find(
  invocation: Invocation,
  { capability, name }: DiscoverOptions,
  { words, limit }: { words: readonly string[]; limit: number },
): Promise<{ agents: AgentView[]; total: number }> {
  const registry = await invocation.registry()
  const agents: AgentView[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await registry.findAgents(
      {
        query: {
          limit: Math.min(pageLength, limit - agents.length),
          ...(capability === undefined ? {} : { capability }),
          ...(name === undefined ? {} : { name }),
          ...(words.length === 0 ? {} : { q: words.join(' ') }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      },
      { signal: invocation.signal },
    )
    agents.push(...page.agents)
    if (page.next === undefined || agents.length >= limit) return { agents, total: page.total }
    cursor = page.next
  }
}

function show(agents: readonly AgentView[], output: Output): void {
  const columns = [
    { title: 'NAME', shrinks: true },
    { title: 'ID' },
    { title: 'ONLINE' },
    { title: 'CAPABILITIES', shrinks: true },
    { title: 'WHAT IT DOES', shrinks: true },
  ]
  output.table(
    columns,
    agents.map((agent) => {
      const { name, id, capabilities, description } = describeAgent(agent)
      const names = capabilities.map((capability) => capability.name).join(' ')
      return [
        printable(name),
        displayId(id, output),
        presence(agent),
        printable(names),
        printable(description ?? ''),
      ]
    }),
  )
}

function presence({ online, lastSeenAt }: AgentView): string {
  if (online === null) return '?'
  return online ? 'yes' : `${describeAge(Date.now() - lastSeenAt)} ago`
}

function parseLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1) return limit
  throw new MeshError('usage', `--limit ${JSON.stringify(text)} is not a number from 1 to 999999`)
}
