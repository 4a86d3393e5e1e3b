import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { type SocketPlace, socketPathOf } from '@agent-mesh/api/local/node'

/** What the environment says, read once. */
export interface Settings {
  /** Absolute MESH_HOME. */
  readonly home: string
  readonly socketPath: string
  readonly logFile: string
  /** MESH_SECRET_KEY_FILE. */
  readonly keyFile: string | undefined
}

/** An empty variable counts as unset. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const home = resolve(env['MESH_HOME'] || join(env['HOME'] || homedir(), '.mesh'))
  const place: SocketPlace = {
    home,
    runtimeFolder: env['XDG_RUNTIME_DIR'] || undefined,
    uid: userInfo().uid,
  }
  return Object.freeze({
    home,
    socketPath: socketPathOf(place),
    logFile: join(home, 'logs', 'meshd.log'),
    keyFile: env['MESH_SECRET_KEY_FILE'] || undefined,
  })
}

/** `~/.mesh/config.toml` instead of the whole path, for people. */
export function displayPath(path: string): string {
  const folder = homedir()
  return path.startsWith(`${folder}/`) ? `~${path.slice(folder.length)}` : path
}
