// A context is a server and the login to it. `config.toml` names them; each token has a file of
// its own, 0600, so that the configuration can be shown, shared and versioned.
import { join } from 'node:path'
import { isLoopbackHost } from '@agent-mesh/api'
import { MeshError } from '@agent-mesh/core'
import { maxSecretFileBytes } from '../limits.js'
import type { ConfigFile } from './config-file.js'
import {
  checkPrivate,
  ensurePrivateFolder,
  readSmallFile,
  writePrivateFile,
} from './private-file.js'
import { parseServerUrl } from './server-url.js'

export interface Context {
  readonly name: string
  /** Base URL without trailing slash. */
  readonly server: string
  readonly caFile?: string
  /** Tokens may travel over plain HTTP to this server although it is not on loopback. */
  readonly insecureHttp: boolean
}

/**
 * The context of a command: the one of `--server`, else the current, else the only one.
 *
 * @throws MeshError `not-logged-in` if there is none
 */
export function findContext(config: ConfigFile, server: string | undefined): Context | undefined {
  const names = config.tables('contexts')
  if (server !== undefined) {
    const matching = names.map((name) => readContext(config, name))
    return matching.find((context) => context.server === server)
  }
  const current = config.string('current')
  if (current !== undefined && names.includes(current)) return readContext(config, current)
  const [only] = names
  return names.length === 1 && only !== undefined ? readContext(config, only) : undefined
}

function readContext(config: ConfigFile, name: string): Context {
  const server = config.string('contexts', name, 'server')
  if (server === undefined) {
    throw new MeshError('config', `${config.path}: context "${name}" has no server`)
  }
  const caFile = config.string('contexts', name, 'ca_file')
  return {
    name,
    server: parseServerUrl(server, `${config.path}: contexts.${name}.server`, 'config'),
    insecureHttp: config.boolean('contexts', name, 'insecure_http') ?? false,
    ...(caFile === undefined ? {} : { caFile }),
  }
}

/** A free name for a new server: `local` on loopback, else its host. */
export function nameFor(server: string, config: ConfigFile): string {
  const { hostname, port } = new URL(server)
  const base = isLoopbackHost(hostname) ? 'local' : hostname.replace(/[^A-Za-z0-9.-]/g, '-')
  const taken = new Set(config.tables('contexts'))
  if (!taken.has(base)) return base
  const withPort = port === '' ? base : `${base}-${port}`
  for (let count = 2; ; count++) {
    const name = count === 2 ? withPort : `${withPort}-${count}`
    if (!taken.has(name)) return name
  }
}

/** Writes what a login gave and makes it the current context. */
export async function saveContext(
  home: string,
  config: ConfigFile,
  { context, token }: { context: Context; token: string },
): Promise<void> {
  const folder = join(home, 'tokens')
  await ensurePrivateFolder(home)
  await ensurePrivateFolder(folder)
  await writePrivateFile(tokenFile(home, context.name), `${token}\n`, { replace: true })
  const at = (key: string) => ['contexts', context.name, key]
  await config.set(
    [['current'], context.name],
    [at('server'), context.server],
    ...(context.caFile === undefined ? [] : [setting(at('ca_file'), context.caFile)]),
    ...(context.insecureHttp ? [setting(at('insecure_http'), true)] : []),
  )
}

function setting(path: string[], value: string | boolean): [string[], string | boolean] {
  return [path, value]
}

/** @throws MeshError `not-logged-in` if there is no token, `config` if others may read it */
export async function readToken(home: string, context: Context): Promise<string> {
  const path = tokenFile(home, context.name)
  const token = (await readSmallFile(path, maxSecretFileBytes))?.trim()
  if (token === undefined || token === '') throw notLoggedIn(context.server)
  await checkPrivate(path)
  return token
}

export function notLoggedIn(server: string | undefined): MeshError {
  const where = server === undefined ? '' : ` to ${server}`
  return new MeshError('not-logged-in', `you are not logged in${where}`, {
    hint: `meshctl login --server ${server ?? 'URL'}`,
  })
}

function tokenFile(home: string, context: string): string {
  return join(home, 'tokens', encodeURIComponent(context).replaceAll('.', '%2E'))
}
