import { join } from 'node:path'
import { MeshError, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { maxSecretFileBytes } from '../limits.js'
import {
  checkPrivate,
  ensurePrivateFolder,
  errnoOf,
  readSmallFile,
  writePrivateFile,
} from './private-file.js'

/** Where the key of a local agent is. */
export function keyPath(home: string, name: string): string {
  return join(home, 'keys', `${name}.key`)
}

/**
 * The key in a file; undefined when there is no file.
 *
 * @throws MeshError `config` if it holds no key or others may read it
 */
export async function readKey(path: string): Promise<SecretKey | undefined> {
  const text = await readSmallFile(path, maxSecretFileBytes)
  if (text === undefined) return undefined
  await checkPrivate(path)
  try {
    return SecretKey.parse(text)
  } catch (cause) {
    throw new MeshError('config', `${path} holds no agent key`, { cause })
  }
}

/** Makes a key and its file, 0600. Without `replace`, an existing file is `usage`. */
export async function createKey(path: string, { replace }: { replace: boolean }) {
  const secret = SecretKey.generate(nodeCrypto)
  await writeKey(path, secret, { replace })
  return secret
}

export async function writeKey(
  path: string,
  secret: SecretKey,
  options: { replace: boolean },
): Promise<void> {
  try {
    await writePrivateFile(path, secret.format(), options)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    throw new MeshError('usage', `${path} is there already, and a key in it would be lost`, {
      hint: 'choose another place with --out, or replace it with --force',
    })
  }
}

export interface LocalKey {
  readonly secret: SecretKey
  readonly path: string
  readonly isNew: boolean
}

/** The key of a local agent: `imported` if given, else its own, else a new one. */
export async function ensureKey(
  home: string,
  name: string,
  imported: SecretKey | undefined,
): Promise<LocalKey> {
  const path = keyPath(home, name)
  await ensurePrivateFolder(home)
  await ensurePrivateFolder(join(home, 'keys'))
  const existing = await readKey(path)
  if (existing !== undefined) {
    if (imported === undefined || imported.equals(existing)) {
      return { secret: existing, path, isNew: false }
    }
    throw new MeshError('config', `${name} has another key already, in ${path}`, {
      hint: 'choose another name, or move that file away first',
    })
  }
  if (imported !== undefined) {
    await writeKey(path, imported, { replace: false })
    return { secret: imported, path, isNew: false }
  }
  return { secret: await createKey(path, { replace: false }), path, isNew: true }
}
