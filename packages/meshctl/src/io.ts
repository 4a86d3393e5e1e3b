import type { Readable, Writable } from 'node:stream'

/** A stream that may be a terminal. */
export type Sink = Writable & { readonly isTTY?: boolean; readonly columns?: number }
export type Source = Readable & { readonly isTTY?: boolean }

/** Everything a command may touch of the process that runs it; tests hand in their own. */
export interface Io {
  readonly stdin: Source
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C or SIGTERM: whatever waits gives up and the exit code is 130. */
  readonly signal: AbortSignal
}

/** The reason of `Io.signal`: the person wants no more. */
export class Stopped extends Error {}

/** The reason of `Io.signal`: stdout takes no more. */
export class OutputLost extends Error {
  /** The system's name for why; EPIPE: whoever read it has left. */
  readonly code: string

  constructor(code: string) {
    super(`the output cannot be written (${code})`)
    this.code = code
  }
}
