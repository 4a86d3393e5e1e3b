import { type Io, OutputLost, Stopped } from './io.js'

/** The real process as an `Io`; `env` is its environment. */
export function processIo(env: Io['env']): Io {
  const controller = new AbortController()

  // The first signal asks: what waits hears of it, and the far side is told. The second insists.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new Stopped('stopped by you'))
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    controller.abort(new OutputLost(error.code ?? error.message))
  })
  // What cannot be told is not told; the exit code says it too.
  process.stderr.on('error', () => {})
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env,
    signal: controller.signal,
  }
}
