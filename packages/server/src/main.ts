import { asMeshError, exitCode, isMeshError, MeshError } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { readCommand, type ServerConfig } from './config.js'
import type { Io } from './io.js'
import { limits } from './limits.js'
import { createLog, type Log } from './log.js'
import { printOwnerLogin } from './owner-login.js'
import { startServer } from './server.js'
import { untilSignal } from './signals.js'
import { usage } from './usage.js'
import { protocol, version } from './version.js'

/** The command. Resolves with the exit code once there is nothing left to do. */
export async function main(argv: readonly string[], process: NodeJS.Process): Promise<number> {
  try {
    await run(argv, process)
    return 0
  } catch (error) {
    return report(error, process)
  }
}

async function run(argv: readonly string[], process: NodeJS.Process): Promise<void> {
  const command = readCommand(argv, process.env)
  switch (command.kind) {
    case 'help':
      process.stdout.write(usage)
      return
    case 'version':
      process.stdout.write(`agent-mesh-server ${version} (protocol ${protocol})\n`)
      return
    case 'owner-login':
      return await printOwnerLogin(command.dbPath, nodeCrypto, process)
    case 'serve':
      return await serve(command.config, process)
  }
}

async function serve(config: ServerConfig, process: NodeJS.Process): Promise<void> {
  if (process.platform === 'win32') {
    throw new MeshError('config', 'agent-mesh-server runs on Linux and macOS', {
      hint: 'on Windows, use WSL',
    })
  }
  // Before anything is opened: a signal during the start must not leave half of it behind.
  const stopped = untilSignal(process, () => process.exit(forcedExit))
  const log = createLog(config.logLevel ?? (process.stderr.isTTY ? 'warn' : 'info'))
  const server = await startServer({ config, io: process, log })
  log('info', 'server.stopping', { signal: await stopped })
  // Everything below lets go by itself; this only bounds what a fault could make of it.
  setTimeout(() => giveUp(log, process), limits.stopMs).unref()
  await server[Symbol.asyncDispose]()
  log('info', 'server.stopped', {})
}

/** As shells report a process that was interrupted. */
const forcedExit = 130

function giveUp(log: Log, process: NodeJS.Process): void {
  log('error', 'server.stop-timed-out', { ms: limits.stopMs })
  process.exit(1)
}

/** Code and sentence, then the command that helps. What we did not foresee shows where it was. */
function report(error: unknown, { stderr }: Pick<Io, 'stderr'>): number {
  const { code, message, hint } = asMeshError(error)
  stderr.write(`error: ${code}: ${message}\n`)
  if (hint !== undefined) stderr.write(`hint:  ${hint}\n`)
  if (!isMeshError(error)) {
    stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  }
  return exitCode(code)
}
