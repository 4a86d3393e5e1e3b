import { createKeypair, MeshError, shortId } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import {
  type AgentOptions,
  collect,
  importedKey,
  parseCapabilities,
  parseDescription,
  parseName,
} from '../agent-options.js'
import { displayPath } from '../config.js'
import { ensureKey } from '../home/key-file.js'
import type { Invocation } from '../invocation.js'
import type { Define } from '../program.js'
import { register } from '../registration.js'
import { helpEnd } from '../usage.js'

export const defineRegister: Define = (command, act) => {
  command
    .description('Registers an agent that runs without the daemon, or updates its card.')
    .usage('--name NAME [--capability C]… [--key-file FILE]')
    .requiredOption('--name <name>', 'what it is called in its group')
    .option('--capability <c>', 'what it can do; several times for several', collect)
    .option('--description <text>', 'what it does, in one sentence')
    .option('--key-file <file>', 'its key (default: MESH_HOME/keys/NAME.key, made if absent)')
    .action(act(registerAgent))
    .addHelpText(
      'after',
      helpEnd(
        [
          'meshctl register --name planner --capability calendar.read',
          'meshctl register --name planner --key-file planner.key --json',
        ],
        { 2: 'the name belongs to another key', 4: 'you are not logged in' },
      ),
    )
}

async function registerAgent(invocation: Invocation, options: AgentOptions): Promise<void> {
  const { output, settings, signal } = invocation
  if (options.name === undefined) throw new MeshError('usage', '--name is missing')
  const name = parseName(options.name)
  const capabilities = parseCapabilities(options)
  const description = parseDescription(options)
  const registry = await invocation.registry()
  const imported = await importedKey(options, invocation)
  const key =
    imported === undefined ? await ensureKey(settings.home, name, undefined) : { secret: imported }
  const keypair = createKeypair(key.secret, nodeCrypto)
  const wanted = { name, capabilities, description }
  const registered = await register(registry, keypair, wanted, { signal })
  const { agent } = registered
  if (output.isJson) {
    const { id, group, sequence } = agent
    output.json({ id, name: agent.name, group, sequence, capabilities: registered.capabilities })
    return
  }
  output.data(agent.id)
  if ('isNew' in key && key.isNew) {
    output.step('key', `${shortId(agent.id)} (new, ${displayPath(key.path)})`)
  }
  output.step('registered', `${agent.name} · group ${agent.group}`)
}
