import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { socketPathOf } from '@agent-mesh/api/local/node'
import { MeshError } from '@agent-mesh/core'

/** Everything the daemon takes from outside, read once; what may change while it runs is policy. */
export interface Config {
  /** MESH_HOME, absolute. */
  readonly home: string
  readonly socketPath: string
  /** What programs inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of the log file; `debug` has a line per call. */
  readonly logLevel: string
}

const logLevels = ['debug', 'info', 'warn', 'error']

export const usage = `usage: meshd [--home DIR]

The daemon beside your agents. meshctl starts it when it is needed.
  --home DIR   where keys, state and socket are (default: $MESH_HOME, else ~/.mesh)
  --version    print the version
`

/** @throws MeshError 'usage' naming the argument */
export function readArguments(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        home: { type: 'string' },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('. ')
    const sentence = reason.charAt(0).toLowerCase() + reason.slice(1)
    throw new MeshError('usage', sentence, { cause, hint: 'meshd --help' })
  }
}

/** @param home overrides MESH_HOME */
export function readConfig(environment: NodeJS.ProcessEnv, home?: string): Config {
  const absolute = resolve(home || environment['MESH_HOME'] || join(homedir(), '.mesh'))
  const uid = process.getuid?.()
  if (uid === undefined) throw new MeshError('config', 'on Windows, run agent-mesh inside WSL')
  const logLevel = environment['MESH_LOG_LEVEL'] || 'info'
  if (!logLevels.includes(logLevel)) {
    throw new MeshError('config', `MESH_LOG_LEVEL is none of ${logLevels.join(', ')}`)
  }
  return Object.freeze({
    home: absolute,
    logLevel,
    socketPath: socketPathOf({
      home: absolute,
      runtimeFolder: environment['XDG_RUNTIME_DIR'],
      uid,
    }),
    environment: Object.freeze({ ...environment }),
  })
}
