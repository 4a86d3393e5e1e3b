import { parseAgentWord } from '../agent-options.js'
import type { Invocation } from '../invocation.js'
import { printable } from '../printable.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'
import { describeAgent } from '../view.js'

export const defineShow: Define = (command, act) => {
  command
    .description('Shows one agent of your groups and what it can do.')
    .usage('ID|NAME [--json]')
    .argument('<agent>', 'an id, the first 6 or more characters of one, or a name')
    .action(act(show))
    .addHelpText(
      'after',
      helpEnd(['meshctl show bob', 'meshctl show 7Hq3fJ2k --json'], {
        5: 'no agent of that name or id is in view, or several are',
      }),
    )
}

async function show(
  invocation: Invocation,
  _options: unknown,
  operands: readonly string[],
): Promise<void> {
  const { output, signal } = invocation
  const id = parseAgentWord(operands[0] ?? '', 'AGENT')
  const registry = await invocation.registry()
  const view = await registry.agent({ params: { id } }, { signal })
  const agent = describeAgent(view)
  if (output.isJson) {
    output.json(agent)
    return
  }
  const online = agent.online === null ? 'not known' : agent.online ? 'yes' : 'no'
  output.data(`name          ${printable(agent.name)}`)
  output.data(`id            ${agent.id}`)
  output.data(`group         ${printable(agent.group)}`)
  output.data(`online        ${online}`)
  output.data(`registered    ${new Date(agent.registeredAt).toISOString()}`)
  if (agent.description !== null) output.data(`what it does  ${printable(agent.description)}`)
  for (const [index, { name, description }] of agent.capabilities.entries()) {
    const subject = index === 0 ? 'capabilities' : ''
    const text = description === null ? '' : `  ${description}`
    output.data(`${subject.padEnd(12)}  ${printable(name)}${printable(text)}`)
  }
}
