import { asMeshError, exitCode, isMeshError, MeshError } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { readCommand, type ServerConfig } from './config.js'
import type { Host, Io } from './io.js'
import { limits } from './limits.js'
import { createLog, type Log } from './log.js'
import { printOwnerLogin } from './owner-login.js'
import { startServer } from './server.js'
import { Signals } from './signals.js'
import { usage } from './usage.js'
import { protocol, version } from './version.js'

/** The command. Resolves with the exit code once there is nothing left to do. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    await run(argv, host)
    return 0
  } catch (error) {
    return report(error, host)
  }
}

async function run(argv: readonly string[], host: Host): Promise<void> {
  const command = readCommand(argv, host.env)
  switch (command.kind) {
    case 'help':
      host.stdout.write(usage)
      return
    case 'version':
      host.stdout.write(`agent-mesh-server ${version} (protocol ${protocol})\n`)
      return
    case 'owner-login':
      return await printOwnerLogin(command.dbPath, nodeCrypto, host)
    case 'serve':
      return await serve(command.config, host)
  }
}

async function serve(config: ServerConfig, host: Host): Promise<void> {
  if (host.platform === 'win32') {
    throw new MeshError('config', 'agent-mesh-server runs on Linux and macOS', {
      hint: 'on Windows, use WSL',
    })
  }
  // Before anything is opened: a signal during the start must not leave half of it behind.
  using signals = new Signals(host, () => host.exit(forcedExit))
  const log = createLog(config.logLevel ?? (host.stderr.isTTY ? 'warn' : 'info'))
  const server = await startServer({ config, io: host, log })
  log('info', 'server.stopping', { signal: await signals.first })
  // Everything below lets go by itself; this only bounds what a fault could make of it.
  const timer = setTimeout(() => giveUp(log, host), limits.stopMs)
  timer.unref()
  await server[Symbol.asyncDispose]()
  clearTimeout(timer)
  log('info', 'server.stopped', {})
}

/** As shells report a process that was interrupted. */
const forcedExit = 130

function giveUp(log: Log, host: Host): void {
  log('error', 'server.stop-timed-out', { ms: limits.stopMs })
  host.exit(1)
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
