import { Readable, Writable } from 'node:stream'
import { type Io, OutputLost, Stopped } from '../src/io.js'

export interface FakeIoOptions {
  readonly stdin?: Uint8Array | string
  /** Whether stdout and stderr are terminals. */
  readonly isTTY?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** An `Io` that remembers what was written. */
export function fakeIo({ stdin = '', isTTY = false, env = {} }: FakeIoOptions = {}) {
  const controller = new AbortController()
  const stdout = new Sink(isTTY)
  const stderr = new Sink(isTTY)
  const io: Io = {
    stdin: Readable.from([Buffer.from(stdin)], { objectMode: false }),
    stdout,
    stderr,
    env,
    signal: controller.signal,
  }
  return {
    io,
    /** What Ctrl-C does. */
    interrupt: () => controller.abort(new Stopped('stopped by you')),
    /** From now on writing to stdout fails, as with a full disk or a reader that left. */
    loseOutput: (code: string) => {
      stdout.fails = Object.assign(new Error(code), { code })
      stdout.on('error', () => controller.abort(new OutputLost(code)))
    },
    get stdout(): string {
      return stdout.bytes.toString('utf8')
    },
    get stdoutBytes(): Buffer {
      return stdout.bytes
    },
    get stderr(): string {
      return stderr.bytes.toString('utf8')
    },
  }
}

class Sink extends Writable {
  readonly isTTY: boolean
  fails: Error | undefined
  readonly #chunks: Buffer[] = []

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.fails === undefined) this.#chunks.push(Buffer.from(chunk))
    done(this.fails)
  }
}
