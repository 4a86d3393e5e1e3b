import { join, resolve } from 'node:path'
import { createKeypair, SecretKey, shortId } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { displayPath } from '../config.js'
import { writeKey } from '../home/key-file.js'
import { ensurePrivateFolder } from '../home/private-file.js'
import type { Invocation } from '../invocation.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'

interface KeygenOptions {
  readonly out?: string
  readonly force?: boolean
}

export const defineKeygen: Define = (command, act) => {
  command
    .description('Makes a key for an agent and writes it to a file that only you can read.')
    .usage('[--out FILE] [--force]')
    .option('--out <file>', 'where to write it (default: MESH_HOME/keys/ID.key)')
    .option('--force', 'replace the file if it is there; the old key is lost')
    .action(act(keygen))
    .addHelpText(
      'after',
      helpEnd(['meshctl keygen --out planner.key', 'meshctl keygen --json'], {
        2: 'the file is there already',
        3: 'the file cannot be written',
      }),
    )
}

async function keygen(invocation: Invocation, options: KeygenOptions): Promise<void> {
  const { output, settings } = invocation
  const secret = SecretKey.generate(nodeCrypto)
  const { id } = createKeypair(secret, nodeCrypto)
  const file = resolve(options.out ?? join(settings.home, 'keys', `${shortId(id)}.key`))
  if (options.out === undefined) {
    await ensurePrivateFolder(settings.home)
    await ensurePrivateFolder(join(settings.home, 'keys'))
  }
  await writeKey(file, secret, { replace: options.force === true })
  if (output.isJson) output.json({ agentId: id, file })
  else {
    output.data(id)
    output.done(`key written to ${displayPath(file)}`)
  }
}
