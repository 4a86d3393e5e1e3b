import { resolve } from 'node:path'
import {
  capabilityRule,
  isCapability,
  isName,
  MeshError,
  nameRule,
  type SecretKey,
} from '@agent-mesh/core'
import { readKey } from './home/key-file.js'
import type { Invocation } from './invocation.js'

/** What `up` and `register` say of an agent. */
export interface AgentOptions {
  readonly name?: string
  readonly capability?: readonly string[]
  readonly description?: string
  readonly keyFile?: string
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** @throws MeshError `usage` */
export function parseName(name: string): string {
  if (isName(name)) return name
  throw new MeshError('usage', `--name ${JSON.stringify(name)} ${nameRule}`)
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
