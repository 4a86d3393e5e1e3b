import { chmodSync, lstatSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'

/** Makes MESH_HOME and its folders, and refuses a home that others could read or write. */
export function prepareHome(home: string): void {
  makePrivateFolder(home)
  makePrivateFolder(join(home, 'keys'))
  makePrivateFolder(join(home, 'logs'))
}

/**
 * A folder of mode 0700 that belongs to this user. One that exists with wider permissions is
 * refused rather than narrowed: whoever could write there may have left something.
 * It may be a symbolic link of this user's own; in a shared folder others could have put one.
 */
export function makePrivateFolder(folder: string): void {
  const made = makeFolder(folder)
  // The umask only takes away; a umask of 0277 would leave a folder we cannot use.
  if (made !== undefined) chmodSync(folder, 0o700)
  const stats = statSync(folder)
  if (!stats.isDirectory()) throw new MeshError('config', `${folder} is not a folder`)
  if ([stats, lstatSync(folder)].some(({ uid }) => uid !== process.getuid?.())) {
    throw new MeshError('config', `${folder} belongs to another user`)
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new MeshError('config', `${folder} is open to others (mode ${modeOf(stats)})`, {
      hint: `chmod 700 ${folder}`,
    })
  }
}

function makeFolder(folder: string): string | undefined {
  try {
    return makeWithParents(folder)
  } catch (cause) {
    const code = errnoOf(cause)
    throw new MeshError('config', `cannot use ${folder}: ${reasons[code] ?? code}`, { cause })
  }
}

function makeWithParents(folder: string): string | undefined {
  try {
    return mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause
    // Node says ENOENT of a read-only disk when it makes parents too; asked for one, it says why.
    mkdirSync(folder, { mode: 0o700 })
    return folder
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file is in its place',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a folder',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function modeOf(stats: Stats): string {
  return (stats.mode & 0o777).toString(8).padStart(4, '0')
}
