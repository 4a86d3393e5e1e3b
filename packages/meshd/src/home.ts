import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs'
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
 */
export function makePrivateFolder(folder: string): void {
  const made = makeFolder(folder)
  // The umask only takes away; a umask of 0277 would leave a folder we cannot use.
  if (made !== undefined) chmodSync(folder, 0o700)
  const stats = lstatSync(folder)
  if (!stats.isDirectory()) throw new MeshError('config', `${folder} is not a folder`)
  if (stats.uid !== process.getuid?.()) {
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
    return mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('config', `${folder} cannot be made (${reason})`, { cause })
  }
}

function modeOf(stats: Stats): string {
  return (stats.mode & 0o777).toString(8).padStart(4, '0')
}
