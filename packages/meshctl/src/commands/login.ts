import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import { displayPath } from '../config.js'
import type { ConfigFile } from '../home/config-file.js'
import { type Context, findContext, nameFor, saveContext } from '../home/contexts.js'
import { ensurePrivateFolder } from '../home/private-file.js'
import { readSecret } from '../home/secret-source.js'
import type { Invocation } from '../invocation.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'

interface LoginOptions {
  readonly tokenFile?: string
  readonly code?: string
}

export const defineLogin: Define = (command, act) => {
  command
    .description('Logs this MESH_HOME in to a server and makes that server the current one.')
    .usage('--server URL [--token-file FILE | --code CODE]')
    .option('--token-file <file>', 'file with the one-time code or a token; - is stdin')
    .option('--code <code>', 'one-time code: the owner code or an invite')
    .action(act(login))
    .addHelpText(
      'after',
      helpEnd(
        [
          'meshctl login --server http://127.0.0.1:8080 --code 7KQ4-M2XD',
          'meshctl login --server https://mesh.example.com --token-file ./owner-login',
        ],
        { 3: 'no server given', 4: 'the code is wrong, used or expired', 7: 'no server answers' },
      ),
    )
}

/** Tokens begin like this, codes never do (docs: registry, login). */
const tokenPrefix = 'mesh_'

async function login(invocation: Invocation, options: LoginOptions): Promise<void> {
  const config = await invocation.config()
  const context = contextOf(invocation, config)
  const secret = await askSecret(invocation, options, context)
  // Before the code is used up: a login that cannot be kept would waste it.
  await ensurePrivateFolder(invocation.settings.home)
  const registry = await invocation.registryAt(context, secret)
  const { signal } = invocation
  const isToken = secret.startsWith(tokenPrefix)
  const { token, person } = isToken
    ? { token: secret, person: (await registry.whoami(undefined, { signal })).person }
    : await registry.login({ body: { code: secret, device: hostname().slice(0, 80) } }, { signal })
  await saveContext(invocation.settings.home, config, { context, token })
  const { output } = invocation
  if (output.isJson) output.json({ person, server: context.server, context: context.name })
  else {
    const where = `context "${context.name}" saved in ${displayPath(config.path)}`
    output.done(`logged in as ${person.name} · ${where}`)
  }
}

function contextOf(invocation: Invocation, config: ConfigFile): Context {
  const { server } = invocation
  const existing = findContext(config, server)
  const url = server ?? existing?.server
  if (url === undefined) {
    throw new MeshError('config', 'login needs a server: there is no hosted one to fall back on', {
      hint: 'meshctl login --server http://127.0.0.1:8080   (start one: agent-mesh-server)',
    })
  }
  const { caFile, insecureHttp } = invocation.globals
  const file = caFile === undefined ? existing?.caFile : resolve(caFile)
  return {
    name: existing?.name ?? nameFor(url, config),
    server: url,
    insecureHttp: insecureHttp ?? existing?.insecureHttp ?? false,
    ...(file === undefined ? {} : { caFile: file }),
  }
}

async function askSecret(
  invocation: Invocation,
  { code, tokenFile }: LoginOptions,
  { server }: Context,
): Promise<string> {
  if (code !== undefined && tokenFile !== undefined) {
    throw new MeshError('usage', '--code and --token-file are two ways to say the same: give one')
  }
  if (tokenFile !== undefined) return readSecret(tokenFile, '--token-file', invocation.io.stdin)
  if (code === undefined) return promptForCode(invocation, server)
  if (code.startsWith(tokenPrefix)) {
    throw new MeshError(
      'usage',
      'a token must not be on the command line, where others can see it',
      {
        hint: 'put it in a file: --token-file FILE',
      },
    )
  }
  if (code.trim() === '') throw new MeshError('usage', '--code is empty')
  return code.trim()
}

async function promptForCode({ io }: Invocation, server: string): Promise<string> {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new MeshError('usage', 'login needs a code, and there is no terminal to ask at', {
      hint: `meshctl login --server ${server} --token-file FILE`,
    })
  }
  const { isCancel, password } = await import('@clack/prompts')
  const answer = await password({
    message: `One-time code for ${server}`,
    input: io.stdin,
    output: io.stderr,
    validate: (text) => (text?.trim() ? undefined : 'The server printed it when it started.'),
  })
  if (isCancel(answer)) throw new MeshError('canceled', 'nothing was changed')
  return answer.trim()
}
