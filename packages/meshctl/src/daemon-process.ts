// Starting and ending the daemon. It outlives the command that started it, so nothing of it is
// tied to this process: no pipe, no group, no terminal.
import { type ChildProcess, spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LocalClient, Version } from '@agent-mesh/api/local'
import { isErrorCode, MeshError } from '@agent-mesh/core'
import { displayPath, type Settings } from './config.js'
import { ensurePrivateFolder, notReadable, readSmallFile } from './home/private-file.js'
import type { Invocation } from './invocation.js'
import { daemonEndMs, daemonStartMs, maxConfigBytes } from './limits.js'
import { protocol, version } from './version.js'

export interface RunningDaemon {
  readonly client: LocalClient
  readonly pid: number
  readonly wasStarted: boolean
}

/**
 * The daemon of this MESH_HOME, started if it is not running.
 *
 * @throws MeshError what the daemon said if it cannot start, `config` if it speaks another protocol
 */
export async function ensureDaemon(invocation: Invocation): Promise<RunningDaemon> {
  const client = invocation.daemon()
  const running = await askVersion(client, invocation.signal)
  const answer = running ?? (await startDaemon(invocation, client))
  checkVersion(answer, invocation)
  return { client, pid: answer.pid, wasStarted: running === undefined }
}

/** Undefined if no daemon is running. */
async function askVersion(client: LocalClient, signal: AbortSignal): Promise<Version | undefined> {
  try {
    return await client.version({ signal })
  } catch (error) {
    if (isNotRunning(error)) return undefined
    throw error
  }
}

function isNotRunning(error: unknown): boolean {
  return error instanceof MeshError && error.details?.['reason'] === 'not-running'
}

function checkVersion(daemon: Version, { output }: Invocation): void {
  const hint = 'meshctl down, then meshctl up'
  if (daemon.protocol !== protocol) {
    const what = `meshd speaks protocol ${daemon.protocol}, this meshctl ${protocol}`
    throw new MeshError('config', what, { hint })
  }
  if (daemon.version === version) return
  output.warn(`meshd is ${daemon.version}, meshctl ${version}; to restart it: ${hint}`)
}

async function startDaemon(invocation: Invocation, client: LocalClient): Promise<Version> {
  const { settings, signal } = invocation
  const startFile = join(dirname(settings.logFile), 'meshd.start')
  const child = await spawnDaemon(invocation, startFile)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  const deadline = performance.now() + daemonStartMs
  using changes = new FolderChanges(dirname(settings.socketPath))
  for (;;) {
    // Asked before the answer counts: another meshctl may have started the one that runs.
    const lastChance = hasEnded
    const answer = await askVersion(client, signal)
    if (answer !== undefined) return answer
    if (lastChance) throw await startFailure(startFile, settings)
    if (performance.now() > deadline) {
      child.kill('SIGTERM')
      throw new MeshError('internal', 'meshd did not get ready in time', logHint(settings))
    }
    await Promise.race([changes.next(signal), ended])
    signal.throwIfAborted()
  }
}

async function spawnDaemon(invocation: Invocation, startFile: string): Promise<ChildProcess> {
  const { settings, io } = invocation
  await ensurePrivateFolder(settings.home)
  await ensurePrivateFolder(dirname(startFile))
  const file = await open(startFile, 'w', 0o600).catch((cause: unknown) => {
    throw notReadable(startFile, cause)
  })
  try {
    const child = spawn(process.execPath, [await daemonProgram()], {
      cwd: settings.home,
      detached: true,
      env: { ...io.env, MESH_HOME: settings.home },
      stdio: ['ignore', file.fd, file.fd],
    })
    child.unref()
    return child
  } finally {
    await file.close()
  }
}

// Beside this file in a bundle, in its own package in a clone.
async function daemonProgram(): Promise<string> {
  for (const place of ['./meshd.js', '../../meshd/dist/bin.js']) {
    const path = fileURLToPath(new URL(place, import.meta.url))
    const isThere = await open(path, 'r').then(
      (file) => file.close().then(() => true),
      () => false,
    )
    if (isThere) return path
  }
  throw new MeshError('config', 'meshd is not beside meshctl', { hint: 'npm run setup' })
}

/** The daemon's own last words, or where its log is. */
async function startFailure(startFile: string, settings: Settings): Promise<MeshError> {
  const said = (await readSmallFile(startFile, maxConfigBytes)) ?? ''
  const [, code, message] = /^error: ([a-z-]+): (.+)$/m.exec(said) ?? []
  if (isErrorCode(code)) {
    const hint = /^hint: +(.+)$/m.exec(said)?.[1]
    return new MeshError(code, message, hint === undefined ? logHint(settings) : { hint })
  }
  return new MeshError('internal', 'meshd ended while it started', logHint(settings))
}

function logHint(settings: Settings): { hint: string } {
  return { hint: `its log says why: ${displayPath(settings.logFile)}` }
}

/** Ends the daemon. Resolves when its process is gone; false if there was none. */
export async function stopDaemon(invocation: Invocation): Promise<boolean> {
  const { settings, signal } = invocation
  let pid: number
  try {
    pid = (await invocation.daemon().shutdown({ signal })).pid
  } catch (error) {
    if (isNotRunning(error)) return false
    throw error
  }
  const deadline = performance.now() + daemonEndMs
  using changes = new FolderChanges(dirname(settings.socketPath))
  while (await isAlive(pid)) {
    if (performance.now() > deadline) {
      throw new MeshError('timeout', `meshd (pid ${pid}) was told to end and has not`, {
        hint: `kill ${pid}`,
      })
    }
    await changes.next(signal)
    signal.throwIfAborted()
  }
  return true
}

// In a container without an init nobody collects dead processes, and a dead one still has a pid.
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return !/\) [ZX] /.test(stat)
}

/** How often to look without having been told: file events can be missed, ends of processes are. */
const lookEveryMs = 25

/** Wakes when something in a folder changes, or after a moment anyway. */
class FolderChanges implements Disposable {
  readonly #watcher: ReturnType<typeof watch> | undefined
  #wake: () => void = () => {}

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, () => this.#wake())
      this.#watcher.on('error', () => {})
    } catch {
      this.#watcher = undefined
    }
  }

  async next(signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const changed = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    const later = wait(lookEveryMs, undefined, { signal: AbortSignal.any([signal, over.signal]) })
    try {
      await Promise.race([changed, later])
    } finally {
      over.abort()
      // Whether it was called off or over is all the same; both were waited for.
      later.catch(() => {})
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close()
  }
}
