import { type AgentId, asMeshError, isPrimeOrder, MeshError, parseAgentId } from '@agent-mesh/core'
import { parse, TomlError } from 'smol-toml'

/** What a relay's TOML file may say. */
export interface ConfigFile {
  readonly listen?: string
  readonly registry?: string
  readonly publicUrls?: readonly string[]
  readonly readyFile?: string
  readonly logLevel?: string
  readonly agents: readonly AgentId[]
}

type Table = Readonly<Record<string, unknown>>

/** @throws MeshError `config` naming the file and the line or the key. */
export function readConfigFile(text: string, path: string): ConfigFile {
  const table = parseToml(text, path)
  needKnown(table, ['listen', 'registry', 'public_url', 'ready_file', 'log_level', 'agents'], path)
  const string = (key: string) => stringAt(table, key, path)
  const [listen, registry] = [string('listen'), string('registry')]
  const [readyFile, logLevel] = [string('ready_file'), string('log_level')]
  const publicUrls = urlsAt(table, path)
  return {
    ...(listen !== undefined && { listen }),
    ...(registry !== undefined && { registry }),
    ...(publicUrls !== undefined && { publicUrls }),
    ...(readyFile !== undefined && { readyFile }),
    ...(logLevel !== undefined && { logLevel }),
    agents: agentsAt(table, path),
  }
}

function parseToml(text: string, path: string): Table {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [sentence = ''] = cause.message.split('\n')
    const where = `${path}:${cause.line}:${cause.column}`
    throw new MeshError('config', `${where}: ${sentence}`, { cause })
  }
}

function needKnown(table: Table, known: readonly string[], where: string): void {
  for (const key of Object.keys(table)) {
    if (!known.includes(key)) throw new MeshError('config', `${where}: ${key} is no setting`)
  }
}

function stringAt(table: Table, key: string, where: string): string | undefined {
  const value = table[key]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new MeshError('config', `${where}: ${key} is not a text`)
}

function urlsAt(table: Table, path: string): readonly string[] | undefined {
  const value = table['public_url']
  if (value === undefined) return undefined
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.every((url) => typeof url === 'string')) return value
  throw new MeshError('config', `${path}: public_url is neither a text nor a list of texts`)
}

function agentsAt(table: Table, path: string): readonly AgentId[] {
  const list = table['agents'] ?? []
  if (!Array.isArray(list)) throw new MeshError('config', `${path}: agents is not [[agents]]`)
  const agents = new Set<AgentId>()
  for (const [index, entry] of list.entries()) {
    const where = `${path}: [[agents]] number ${index + 1}`
    if (typeof entry !== 'object' || entry === null) {
      throw new MeshError('config', `${where} is not a table`)
    }
    const agent = agentAt(entry as Table, where)
    if (agents.has(agent)) throw new MeshError('config', `${where}: the id stands there twice`)
    agents.add(agent)
  }
  return [...agents]
}

function agentAt(entry: Table, where: string): AgentId {
  needKnown(entry, ['id', 'name'], where)
  stringAt(entry, 'name', where)
  const text = stringAt(entry, 'id', where)
  if (text === undefined) throw new MeshError('config', `${where} has no id`)
  let id: AgentId
  try {
    id = parseAgentId(text)
  } catch (cause) {
    throw new MeshError('config', `${where}: ${asMeshError(cause).message}`, { cause })
  }
  // Here the id is admitted, so this is where its subgroup has to be looked at.
  if (!isPrimeOrder(id)) throw new MeshError('config', `${where}: the id is no usable key`)
  return id
}
