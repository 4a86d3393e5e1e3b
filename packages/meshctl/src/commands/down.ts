import { parseName } from '../agent-options.js'
import { stopDaemon } from '../daemon-process.js'
import type { Invocation } from '../invocation.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'

export const defineDown: Define = (command, act) => {
  command
    .description('Ends the daemon, or takes one agent out of it; keys and registration stay.')
    .usage('[NAME]')
    .argument('[name]', 'the agent to take offline and forget; without it, the daemon ends')
    .action(act(down))
    .addHelpText(
      'after',
      helpEnd(['meshctl down', 'meshctl down bob'], {
        5: 'the daemon has no agent of that name',
      }),
    )
}

async function down(
  invocation: Invocation,
  _options: unknown,
  operands: readonly string[],
): Promise<void> {
  const { output, signal } = invocation
  const [name] = operands
  if (name !== undefined) {
    const answer = await invocation.daemon().down(parseName(name, 'NAME'), { signal })
    if (output.isJson) output.json(answer)
    else output.done(`${answer.name} is offline; its key is still in keys/${answer.name}.key`)
    return
  }
  const wasRunning = await stopDaemon(invocation)
  if (output.isJson) output.json({ stopped: wasRunning })
  else if (wasRunning) output.done('meshd has ended')
  else output.note('meshd is not running')
}
