/** Flags and environment, read once, become one frozen object. Flags beat the environment. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isLoopbackHost } from '@agent-mesh/api'
import { MeshError } from '@agent-mesh/core'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface ServerConfig {
  readonly listen: { readonly host: string; readonly port: number }
  /** As given, for people, and absolute. */
  readonly dbPath: string
  /** Accepted origins; empty means the bound loopback address and localhost. */
  readonly publicOrigins: readonly string[]
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined
  readonly ownerLoginFile: string | undefined
  readonly readyFile: string | undefined
  /** Undefined: info, or warn where a person reads along. */
  readonly logLevel: LogLevel | undefined
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'owner-login'; readonly dbPath: string }
  | { readonly kind: 'serve'; readonly config: ServerConfig }

type Environment = Readonly<Record<string, string | undefined>>

const options = {
  listen: { type: 'string' },
  'db-path': { type: 'string' },
  'public-url': { type: 'string', multiple: true },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'insecure-http': { type: 'boolean' },
  'owner-login-file': { type: 'string' },
  'ready-file': { type: 'string' },
  'log-level': { type: 'string' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const

type TextOption =
  | 'listen'
  | 'db-path'
  | 'tls-cert'
  | 'tls-key'
  | 'owner-login-file'
  | 'ready-file'
  | 'log-level'

/** @throws MeshError `usage` for arguments · `config` for what they ask for */
export function readCommand(argv: readonly string[], environment: Environment): Command {
  const { values, positionals } = parse(argv)
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const text = (name: TextOption): Setting | undefined => {
    const flag = values[name]
    if (flag !== undefined) return needText({ name: `--${name}`, value: flag, isFlag: true })
    const variable = variableOf(name)
    const value = environment[variable]
    // An empty variable is how shells and compose files spell an absent one.
    return value === undefined || value === ''
      ? undefined
      : { name: variable, value, isFlag: false }
  }
  const dbPath = text('db-path')?.value ?? './mesh.db'
  const [command, ...rest] = positionals
  if (command === 'owner-login' && rest.length === 0) return { kind: 'owner-login', dbPath }
  if (command !== undefined) {
    throw usageError(`"${command}" is not a command; there is only owner-login`)
  }
  const flags = values['public-url'] ?? environment[variableOf('public-url')]?.split(',') ?? []
  const insecureHttp = values['insecure-http'] ?? isSet(environment[variableOf('insecure-http')])
  const publicUrls = flags.map((url) => url.trim()).filter((url) => url !== '')
  const config: ServerConfig = {
    listen: parseListen(text('listen')),
    dbPath: dbPath === ':memory:' ? dbPath : resolve(dbPath),
    publicOrigins: [...new Set(publicUrls.map(parsePublicUrl))],
    tls: tlsOf(text('tls-cert')?.value, text('tls-key')?.value),
    ownerLoginFile: text('owner-login-file')?.value,
    readyFile: text('ready-file')?.value,
    logLevel: parseLogLevel(text('log-level')),
  }
  needSafe(config, insecureHttp)
  return { kind: 'serve', config: Object.freeze(config) }
}

interface Setting {
  readonly name: string
  readonly value: string
  readonly isFlag: boolean
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
  return `MESH_${name.replaceAll('-', '_').toUpperCase()}`
}

function isSet(value: string | undefined): boolean {
  return value === '1' || value === 'true'
}

function needText(setting: Setting): Setting {
  if (setting.value !== '') return setting
  throw usageError(`${setting.name} needs a value`)
}

function parseListen(setting: Setting | undefined): ServerConfig['listen'] {
  const value = setting?.value ?? '127.0.0.1:8080'
  const match = /^(\[[0-9a-fA-F:.%]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(value)
  const [, host = '', port = ''] = match ?? []
  if (match === null || Number(port) > 65_535) {
    throw badValue(setting, `is not HOST:PORT: ${value}`, 'write it like 127.0.0.1:8080')
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function parsePublicUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isOrigin =
    url !== undefined &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.pathname === '/' &&
    `${url.search}${url.hash}${url.username}${url.password}` === ''
  if (!isOrigin) {
    throw new MeshError('config', `--public-url ${value} is not scheme, host and port alone`, {
      hint: 'write it like https://mesh.example.com',
    })
  }
  return url.origin
}

function parseLogLevel(setting: Setting | undefined): LogLevel | undefined {
  const levels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']
  if (setting === undefined) return undefined
  const level = levels.find((known) => known === setting.value)
  if (level === undefined) throw badValue(setting, `must be one of ${levels.join(', ')}`)
  return level
}

function tlsOf(certFile: string | undefined, keyFile: string | undefined): ServerConfig['tls'] {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined) {
    throw new MeshError('config', '--tls-cert and --tls-key belong together; one is missing')
  }
  return { certFile, keyFile }
}

/** Leaving a setting out never opens a door. */
function needSafe({ listen, publicOrigins, tls }: ServerConfig, insecureHttp: boolean): void {
  if (publicOrigins.length === 0 && !isLoopbackHost(listen.host)) {
    throw new MeshError(
      'config',
      `${listen.host} is not a loopback address, and nothing says how agents reach this server`,
      { hint: 'add --public-url https://NAME, the URL that agents and people will use' },
    )
  }
  for (const origin of publicOrigins) {
    const { protocol, hostname } = new URL(origin)
    if (tls !== undefined && protocol === 'http:') {
      throw new MeshError('config', `--public-url ${origin} is http, but this server has TLS`)
    }
    if (protocol === 'http:' && !isLoopbackHost(hostname) && !insecureHttp) {
      throw new MeshError('config', `tokens would travel to ${origin} without encryption`, {
        hint: 'use https, with --tls-cert and --tls-key or behind a proxy, or add --insecure-http',
      })
    }
  }
}

function badValue(setting: Setting | undefined, reason: string, hint?: string): MeshError {
  const message = `${setting?.name ?? 'a default'} ${reason}`
  return new MeshError(setting?.isFlag === true ? 'usage' : 'config', message, { hint })
}

function usageError(message: string, cause?: unknown): MeshError {
  return new MeshError('usage', message, { cause, hint: 'agent-mesh-server --help' })
}
