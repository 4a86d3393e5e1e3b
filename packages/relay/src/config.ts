/** Flags, environment and file, read once, become one frozen object; the earlier beats the later. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isLoopbackHost } from '@agent-mesh/api'
import { type AgentId, MeshError } from '@agent-mesh/core'
import { type ConfigFile, readConfigFile } from './config-file.js'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** Who may enter: what a registry admits, or a fixed list. */
export type Admits =
  | { readonly kind: 'registry'; readonly url: string }
  | { readonly kind: 'listed'; readonly agents: readonly AgentId[] }

export interface RelayConfig {
  readonly listen: { readonly host: string; readonly port: number }
  readonly admits: Admits
  /** Origins clients may call it by; empty means the bound loopback address and localhost. */
  readonly publicOrigins: readonly string[]
  readonly insecureHttp: boolean
  readonly readyFile: string | undefined
  readonly logLevel: LogLevel
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'serve'; readonly config: RelayConfig }

type Environment = Readonly<Record<string, string | undefined>>

const options = {
  listen: { type: 'string' },
  registry: { type: 'string' },
  config: { type: 'string' },
  'public-url': { type: 'string', multiple: true },
  'insecure-http': { type: 'boolean' },
  'ready-file': { type: 'string' },
  'log-level': { type: 'string' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const

type TextOption = 'listen' | 'registry' | 'config' | 'ready-file' | 'log-level'

/** @throws MeshError `usage` for arguments, `config` for what they ask for. */
export function readCommand(argv: readonly string[], environment: Environment): Command {
  const { values, positionals } = parse(argv)
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const text = (name: TextOption): string | undefined => {
    if (values[name] === '') throw usageError(`--${name} needs a value`)
    // An empty variable is how shells and compose files spell an absent one.
    return values[name] ?? (environment[variableOf(name)] || undefined)
  }
  const [path = text('config'), ...more] = positionals
  if (more.length > 0) throw usageError('only one configuration file can be read')
  const file = path === undefined ? { agents: [] } : openConfigFile(path)
  const urls =
    values['public-url'] ?? environment[variableOf('public-url')]?.split(',') ?? file.publicUrls
  const insecure = environment[variableOf('insecure-http')]
  const config: RelayConfig = {
    listen: parseListen(text('listen') ?? file.listen ?? '127.0.0.1:8081'),
    admits: admitsOf(text('registry') ?? file.registry, file.agents),
    publicOrigins: [...new Set((urls ?? []).filter(isPresent).map(parsePublicUrl))],
    insecureHttp: values['insecure-http'] ?? (insecure === '1' || insecure === 'true'),
    readyFile: text('ready-file') ?? file.readyFile,
    logLevel: parseLogLevel(text('log-level') ?? file.logLevel ?? 'info'),
  }
  needSafe(config)
  return { kind: 'serve', config: Object.freeze(config) }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (cause) {
    // Node's sentence, without its advice on positionals.
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('. ')
    throw usageError(reason.charAt(0).toLowerCase() + reason.slice(1), cause)
  }
}

function variableOf(name: string): string {
  return `MESH_${name === 'config' ? 'RELAY_CONFIG' : name.replaceAll('-', '_').toUpperCase()}`
}

function isPresent(text: string): boolean {
  return text.trim() !== ''
}

function openConfigFile(path: string): ConfigFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MeshError('config', `${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
  return readConfigFile(text, path)
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'its permissions do not allow it',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EPERM: 'its permissions do not allow it',
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return reasons[code] ?? code
}

/** Nobody named is nobody let in, and a relay for nobody is a mistake. */
function admitsOf(registry: string | undefined, agents: readonly AgentId[]): Admits {
  if (registry !== undefined && agents.length > 0) {
    throw new MeshError('config', 'either a registry or an [[agents]] list decides, not both')
  }
  if (registry !== undefined) return { kind: 'registry', url: registry }
  if (agents.length > 0) return { kind: 'listed', agents }
  throw new MeshError('config', 'this relay would let nobody in', {
    hint: 'add --registry URL, or name a TOML file with an [[agents]] list',
  })
}

function parseListen(value: string): RelayConfig['listen'] {
  const match = /^(\[[0-9a-fA-F:.%]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(value)
  const [, host = '', port = ''] = match ?? []
  if (match === null || Number(port) > 65_535) {
    throw new MeshError('usage', `--listen is not HOST:PORT: ${value}`, {
      hint: 'write it like 127.0.0.1:8081',
    })
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function parsePublicUrl(value: string): string {
  const url = URL.canParse(value.trim()) ? new URL(value.trim()) : undefined
  const isOrigin =
    url !== undefined &&
    ['ws:', 'wss:', 'http:', 'https:'].includes(url.protocol) &&
    url.pathname === '/' &&
    `${url.search}${url.hash}${url.username}${url.password}` === ''
  if (!isOrigin) {
    throw new MeshError('config', `--public-url ${value} is not scheme, host and port alone`, {
      hint: 'write it like wss://relay.example.com',
    })
  }
  return url.origin
}

function parseLogLevel(value: string): LogLevel {
  const levels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']
  const level = levels.find((known) => known === value)
  if (level) return level
  throw new MeshError('usage', `--log-level must be one of ${levels.join(', ')}, not ${value}`)
}

/** Leaving a setting out never opens a door. */
function needSafe({ listen, publicOrigins, insecureHttp }: RelayConfig): void {
  if (publicOrigins.length === 0 && !isLoopbackHost(listen.host)) {
    throw new MeshError(
      'config',
      `${listen.host} is not a loopback address, and nothing says how agents reach this relay`,
      { hint: 'add --public-url wss://NAME, the URL that agents will use' },
    )
  }
  for (const origin of publicOrigins) {
    const { protocol, hostname } = new URL(origin)
    const isPlain = protocol === 'http:' || protocol === 'ws:'
    if (isPlain && !isLoopbackHost(hostname) && !insecureHttp) {
      throw new MeshError('config', `logins would travel to ${origin} without encryption`, {
        hint: 'use wss behind a proxy that speaks TLS, or add --insecure-http',
      })
    }
  }
}

function usageError(message: string, cause?: unknown): MeshError {
  return new MeshError('usage', message, { cause, hint: 'agent-mesh-relay --help' })
}
