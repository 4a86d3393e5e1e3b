import type { Readable } from 'node:stream'

/** When this has happened, a stream on which nothing moves for `ms` has ended. */
export interface Quiet {
  readonly after: (listener: () => void) => () => void
  readonly ms: number
}

/**
 * The next bytes of a stream, as they came; undefined at its end.
 * @throws the stream's error
 */
export async function nextChunk(stream: Readable, quiet?: Quiet): Promise<Uint8Array | undefined> {
  for (;;) {
    const bytes: Uint8Array | null = stream.read()
    if (bytes !== null) return bytes
    if (stream.errored) throw stream.errored
    if (stream.readableEnded || stream.destroyed) return undefined
    if (!(await movement(stream, quiet))) return undefined
  }
}

const events = ['readable', 'end', 'close', 'error'] as const

/** Resolves with true at the next event, with false after too long a silence. */
function movement(stream: Readable, quiet: Quiet | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let unsubscribe: (() => void) | undefined
    const settle = (moved: boolean) => {
      clearTimeout(timer)
      unsubscribe?.()
      for (const event of events) stream.off(event, onEvent)
      resolve(moved)
    }
    const onEvent = () => settle(true)
    for (const event of events) stream.on(event, onEvent)
    unsubscribe = quiet?.after(() => {
      timer = setTimeout(() => settle(false), quiet.ms)
    })
  })
}
