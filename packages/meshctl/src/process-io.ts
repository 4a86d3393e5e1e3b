import { type Io, Stopped } from './io.js'

/** The real process as an `Io`; `env` is its environment. */
export function processIo(env: Io['env']): Io & { readerIsGone(): boolean } {
  const controller = new AbortController()
  const stop = (why: string) => controller.abort(new Stopped(why))
  let readerIsGone = false

  // The first signal asks: what waits hears of it, and the far side is told. The second insists.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130)
      stop('stopped by you')
    })
  }
  // `meshctl … | head -1`: nobody wants the rest, which is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      readerIsGone ||= error.code === 'EPIPE'
      stop(
        error.code === 'EPIPE'
          ? 'nobody reads the output'
          : `the output cannot be written: ${error.code}`,
      )
    })
  }
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env,
    signal: controller.signal,
    readerIsGone: () => readerIsGone,
  }
}
