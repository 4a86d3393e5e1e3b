import { once } from 'node:events'
import { asMeshError, exitCode } from '@agent-mesh/core'
import { readArguments, readConfig, usage } from './config.js'
import { startDaemon } from './daemon.js'
import { protocol, version } from './version.js'

/** Runs a daemon until a signal or the local API ends it; resolves with the exit code. */
export async function main(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  try {
    const { home, ...wish } = readArguments(argv)
    if (wish.help) return print(usage)
    if (wish.version) return print(`meshd ${version} (protocol ${protocol})\n`)
    const daemon = await startDaemon(readConfig(environment, home))
    const over = new AbortController()
    const { signal } = over
    await Promise.race([
      once(process, 'SIGTERM', { signal }),
      once(process, 'SIGINT', { signal }),
      once(process, 'SIGHUP', { signal }),
      daemon.shutdownAsked,
    ])
    over.abort()
    await daemon[Symbol.asyncDispose]()
    return 0
  } catch (error) {
    return fail(error)
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function fail(error: unknown): number {
  const { code, message, hint, cause } = asMeshError(error)
  const reason = code === 'internal' && cause instanceof Error ? cause.message : message
  process.stderr.write(`error: ${code}: ${reason}\n`)
  if (hint !== undefined) process.stderr.write(`hint:  ${hint}\n`)
  return exitCode(code)
}
