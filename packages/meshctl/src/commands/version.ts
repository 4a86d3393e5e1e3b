import type { Invocation } from '../invocation.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'
import { protocol, version } from '../version.js'

export const defineVersion: Define = (command, act) => {
  command
    .description('Shows the versions of this client, the daemon and the server.')
    .usage('[--json]')
    .action(act(showVersion))
    .addHelpText('after', helpEnd(['meshctl version', 'meshctl version --json'], {}))
}

async function showVersion(invocation: Invocation): Promise<void> {
  const [daemon, server] = await Promise.all([daemonVersion(invocation), serverVersion(invocation)])
  const { output } = invocation
  if (output.isJson) {
    output.json({ client: version, daemon: daemon ?? null, server: server ?? null, protocol })
    return
  }
  output.data(`meshctl   ${version} (protocol ${protocol})`)
  output.data(`meshd     ${daemon ?? 'not running'}`)
  output.data(`server    ${server ?? 'not reached'}`)
}

// What is not there has no version; that is an answer here, not a failure.
async function daemonVersion(invocation: Invocation): Promise<string | undefined> {
  try {
    return (await invocation.daemon().version({ signal: invocation.signal })).version
  } catch {
    return undefined
  }
}

async function serverVersion(invocation: Invocation): Promise<string | undefined> {
  try {
    const registry = await invocation.registryAt(await invocation.context())
    return (await registry.registry(undefined, { signal: invocation.signal })).version
  } catch {
    return undefined
  }
}
