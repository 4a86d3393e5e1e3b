import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeshError, SecretKey } from '@agent-mesh/core'

/** A key file holds one line; anything larger is some other file. */
const maxKeyFileBytes = 1_024

/**
 * Reads a secret key.
 * @throws MeshError `config` when the file is not there, is no key, or may be read by others.
 */
export async function readKeyFile(path: string): Promise<SecretKey> {
  try {
    const { mode, size } = await stat(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new MeshError('config', `${path} can be read by others`, { hint: `chmod 600 ${path}` })
    }
    if (size > maxKeyFileBytes) throw new MeshError('config', `${path} is no key file`)
    return SecretKey.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw configError(error, path, 'read')
  }
}

export interface WriteKeyOptions {
  /** Replaces a file that is there. Default: a key is never lost by accident. */
  readonly overwrite?: boolean
}

/**
 * Writes a secret key, mode 0600. When this resolves it is on the disk; at no moment is there half
 * a file at `path`.
 * @throws MeshError `config` when a file is there already, or cannot be written.
 */
export async function writeKeyFile(
  path: string,
  key: SecretKey,
  { overwrite = false }: WriteKeyOptions = {},
): Promise<void> {
  const name = `.${basename(path)}.${randomBytes(6).toString('hex')}`
  const temporary = join(dirname(path), name)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(key.format())
      await file.sync()
    } finally {
      await file.close()
    }
    // A link fails where a name is taken; a rename would replace it silently.
    if (overwrite) await rename(temporary, path)
    else await link(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    throw configError(error, path, 'written')
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}

/** The name of a new file is on the disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function configError(error: unknown, path: string, done: 'read' | 'written'): unknown {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  if (code === 'ENOENT') return new MeshError('config', `${path} is not there`, { cause: error })
  if (code === 'EEXIST')
    return new MeshError('config', `${path} holds a key already`, { cause: error })
  if (code === 'invalid' && error instanceof Error) {
    return new MeshError('config', `${path} is no key file: ${error.message}`, { cause: error })
  }
  if (error instanceof MeshError) return error
  const why = typeof code === 'string' ? ` (${code})` : ''
  return new MeshError('config', `${path} cannot be ${done}${why}`, { cause: error })
}
