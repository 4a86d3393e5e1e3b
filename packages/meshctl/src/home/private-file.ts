// Files only their owner may read: keys, tokens, settings. Written beside their place and moved
// there, so that nobody ever sees half of one.
import { randomBytes } from 'node:crypto'
import {
  chmod,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeshError } from '@agent-mesh/core'

export interface WriteOptions {
  /** False: an existing file stays, and the write fails with EEXIST. */
  readonly replace: boolean
}

/**
 * Makes MESH_HOME or a folder in it, 0700. One that stands open to others is narrowed while it is
 * empty and refused when it is not: they may have left something in it.
 *
 * @throws MeshError `config`
 */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
    const mode = (await stat(folder)).mode & 0o777
    if ((mode & 0o077) === 0) return
    if ((await readdir(folder)).length === 0) await chmod(folder, 0o700)
    else throw openToOthers(folder, mode)
  } catch (cause) {
    throw notReadable(folder, cause)
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    // Node says ENOENT of a read-only disk when it makes parents too; asked for one, it says why.
    if (errnoOf(cause) === 'ENOENT') await mkdir(folder, { mode: 0o700 })
    else throw cause
  }
}

function openToOthers(folder: string, mode: number): MeshError {
  const octal = mode.toString(8).padStart(4, '0')
  return new MeshError('config', `${folder} is open to others (mode ${octal})`, {
    hint: `chmod 700 ${folder}`,
  })
}

/**
 * Writes 0600 and syncs to disk before the name appears. A symbolic link stays one; what it
 * points to is replaced.
 *
 * @throws MeshError `config` if it cannot be written; EEXIST as it is
 */
export async function writePrivateFile(
  path: string,
  text: string,
  { replace }: WriteOptions,
): Promise<void> {
  try {
    await writeBeside(path, text, replace)
  } catch (cause) {
    throw errnoOf(cause) === 'EEXIST' ? cause : notReadable(path, cause)
  }
}

async function writeBeside(path: string, text: string, replace: boolean): Promise<void> {
  const target = replace ? await realpath(path).catch(() => path) : path
  const staging = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
  try {
    await writeSynced(staging, text)
    if (replace) await rename(staging, target)
    else await link(staging, target)
  } finally {
    await rm(staging, { force: true })
  }
  await syncFolder(dirname(target))
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * The text of a small file; undefined when there is none.
 *
 * @throws MeshError `config` if it cannot be read, is longer than `maxBytes`, or is not UTF-8
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw notReadable(path, cause)
  }
  try {
    return await readBounded(file, path, maxBytes)
  } catch (cause) {
    throw notReadable(path, cause)
  } finally {
    await file.close()
  }
}

async function readBounded(file: FileHandle, path: string, maxBytes: number): Promise<string> {
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length > maxBytes) throw new MeshError('config', `${path} is over ${maxBytes} bytes long`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
  } catch (cause) {
    throw new MeshError('config', `${path} is not UTF-8 text`, { cause })
  }
}

/** @throws MeshError `config` if anyone but the owner may read the file */
export async function checkPrivate(path: string): Promise<void> {
  const { mode } = await lstat(path)
  if ((mode & 0o077) === 0 || (mode & 0o170000) === 0o120000) return
  throw new MeshError('config', `${path} can be read by others`, { hint: `chmod 600 ${path}` })
}

/** The system's reason in words; anything that is already ours passes. */
export function notReadable(path: string, cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause
  return new MeshError('config', `cannot use ${path}: ${systemReason(errnoOf(cause))}`, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file is in its place',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a folder',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}

/** The system's name for an error in words. */
export function systemReason(code: string): string {
  return reasons[code] ?? code
}

function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT'
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
}
