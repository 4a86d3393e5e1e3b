import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maxSocketPathBytes } from '../limits.js'

/** What the runtime folder depends on, read by the caller from its environment. */
export interface SocketPlace {
  /** Absolute MESH_HOME. */
  readonly home: string
  /** XDG_RUNTIME_DIR, if set. */
  readonly runtimeFolder?: string | undefined
  readonly uid: number
}

/**
 * `HOME/meshd.sock`, or where that is over 100 bytes a short path in the user's runtime folder
 * that only this home has. The folder of a short path must be checked to be the user's own.
 */
export function socketPathOf({ home, runtimeFolder, uid }: SocketPlace): string {
  const path = join(home, 'meshd.sock')
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16)
  const runtime = runtimeFolder && join(runtimeFolder, 'agent-mesh', `${name}.sock`)
  if (runtime && Buffer.byteLength(runtime) <= maxSocketPathBytes) return runtime
  const temporary = join(tmpdir(), `agent-mesh-${uid}`, `${name}.sock`)
  if (Buffer.byteLength(temporary) <= maxSocketPathBytes) return temporary
  return join('/tmp', `agent-mesh-${uid}`, `${name}.sock`)
}
