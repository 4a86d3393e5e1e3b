import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MeshError } from '@agent-mesh/core'

/**
 * Writes a small file whole or not at all: beside its place, synced, then renamed. Nobody but the
 * owner can read it, from its first moment on, whatever stood there before.
 *
 * @throws MeshError `config` naming the file
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    // Where nothing could be written there may be nothing to remove; the first reason counts.
    await rm(temporary, { force: true }).catch(() => {})
    throw new MeshError('config', `${path} cannot be written: ${reasonOf(cause, path)}`, { cause })
  }
}

/** Makes sure that nothing stands there. */
export async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (cause) {
    throw new MeshError('config', `${path} cannot be removed: ${reasonOf(cause, path)}`, { cause })
  }
}

export function reasonOf(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  switch (code) {
    case 'ENOENT':
      return `${dirname(path)} does not exist`
    case 'EACCES':
    case 'EPERM':
      return 'its permissions do not allow it'
    case 'EISDIR':
      return 'it is a folder'
    case 'ENOTDIR':
      return 'a part of the path is not a folder'
    case 'EROFS':
      return 'the disk is read-only'
    case 'ENOSPC':
      return 'the disk is full'
    default:
      return code
  }
}
