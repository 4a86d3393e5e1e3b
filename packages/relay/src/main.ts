import { asMeshError, exitCode, isMeshError } from '@agent-mesh/core'
import { type RelayConfig, readCommand } from './config.js'
import { createLog } from './log.js'
import { StandaloneRelay } from './standalone.js'
import { usage } from './usage.js'
import { protocol, version } from './version.js'

type Signal = 'SIGINT' | 'SIGTERM'

/** The process as far as the command needs it: `node:process`, or a test's stand-in. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  once(signal: Signal, listener: () => void): unknown
  off(signal: Signal, listener: () => void): unknown
  exit(code: number): void
}

/** The command. Resolves with the exit code once there is nothing left to do. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    const command = readCommand(argv, host.env)
    if (command.kind === 'help') host.stdout.write(usage)
    else if (command.kind === 'serve') await serve(command.config, host)
    else host.stdout.write(`agent-mesh-relay ${version} (protocol ${protocol})\n`)
    return 0
  } catch (error) {
    return report(error, host)
  }
}

async function serve(config: RelayConfig, host: Host): Promise<void> {
  // Before anything is opened: a signal during the start must not leave half of it behind.
  const stop = firstSignal(host)
  const log = createLog(config.logLevel)
  const relay = await StandaloneRelay.start(config, log)
  log('info', 'relay.stopping', { signal: await stop })
  // Whoever asks twice does not want to wait for the clients.
  const hurry = () => host.exit(interrupted)
  host.once('SIGINT', hurry)
  host.once('SIGTERM', hurry)
  await relay[Symbol.asyncDispose]()
  host.off('SIGINT', hurry)
  host.off('SIGTERM', hurry)
}

/** As shells report a process that was interrupted. */
const interrupted = 130

function firstSignal(host: Host): Promise<Signal> {
  return new Promise((resolve) => {
    const told = (signal: Signal) => {
      host.off('SIGINT', onInterrupt)
      host.off('SIGTERM', onTerminate)
      resolve(signal)
    }
    const onInterrupt = () => told('SIGINT')
    const onTerminate = () => told('SIGTERM')
    host.once('SIGINT', onInterrupt)
    host.once('SIGTERM', onTerminate)
  })
}

/** Code and sentence, then the command that helps. What we did not foresee shows where it was. */
function report(error: unknown, { stderr }: Pick<Host, 'stderr'>): number {
  const { code, message, hint } = asMeshError(error)
  stderr.write(`error: ${code}: ${message}\n`)
  if (hint !== undefined) stderr.write(`hint:  ${hint}\n`)
  if (!isMeshError(error)) {
    stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  }
  return exitCode(code)
}
