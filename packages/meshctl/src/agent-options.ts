import { resolve } from 'node:path'
import {
  capabilityRule,
  isCapability,
  isName,
  MeshError,
  maxDescriptionLength,
  nameRule,
  type SecretKey,
} from '@agent-mesh/core'
import { readKey } from './home/key-file.js'
import type { Invocation } from './invocation.js'
import { maxAgentWordLength } from './limits.js'

/** What `up` and `register` say of an agent. */
export interface AgentOptions {
  readonly name?: string
  readonly capability?: readonly string[]
  readonly description?: string
  readonly keyFile?: string
}

/** The name, id or prefix that an agent is called by; `what` is named in the error. @throws MeshError `usage` */
export function parseAgentWord(word: string, what: string): string {
  if (word.trim() === '') throw new MeshError('usage', `${what} is empty`)
  if (word.length <= maxAgentWordLength) return word
  throw new MeshError('usage', `${what} is too long for a name or an id`)
}

/** @throws MeshError `usage` */
export function parseDescription({ description }: AgentOptions): string | undefined {
  if (description === undefined) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
  if (description.length <= maxDescriptionLength && !steering.test(description)) return description
  const rule = `must be at most ${maxDescriptionLength} characters, none that steer a terminal`
  throw new MeshError('usage', `--description ${rule}`)
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** @throws MeshError `usage` */
export function parseName(name: string, what = '--name'): string {
  if (isName(name)) return name
  throw new MeshError('usage', `${what} ${JSON.stringify(name)} ${nameRule}`)
}

/** Without repetitions; undefined if none was given. @throws MeshError `usage` */
export function parseCapabilities({ capability }: AgentOptions): readonly string[] | undefined {
  for (const name of capability ?? []) {
    if (!isCapability(name)) {
      throw new MeshError('usage', `--capability ${JSON.stringify(name)} ${capabilityRule}`)
    }
  }
  return capability === undefined ? undefined : [...new Set(capability)]
}

/** The key named by `--key-file` or MESH_SECRET_KEY_FILE. @throws MeshError `config` */
export async function importedKey(
  { keyFile }: AgentOptions,
  { settings }: Invocation,
): Promise<SecretKey | undefined> {
  const path = keyFile ?? settings.keyFile
  if (path === undefined) return undefined
  const secret = await readKey(resolve(path))
  if (secret !== undefined) return secret
  throw new MeshError('config', `there is no key file ${path}`, {
    hint: `meshctl keygen --out ${path}`,
  })
}
