import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { eventually } from './eventually.js'
import { politeEndMs } from './limits.js'

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What it reads; nothing when absent. 'open' leaves stdin to the test. */
  readonly input?: Uint8Array | string | Readable | 'open'
}

export interface Exit {
  /** 128 + n where a signal ended it, as a shell says it. */
  readonly code: number
}

/** A child process whose output is kept, and which is gone when disposed. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess
  /** Settles when it has ended and all its output is here. */
  readonly exit: Promise<Exit>
  readonly #stdout: Buffer[] = []
  readonly #stderr: Buffer[] = []
  readonly #listeners = new Set<() => void>()
  #isEnded = false

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    const { env = {}, cwd, input } = options
    this.process = spawn(command, args, {
      env: { ...quietEnvironment(), ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    this.process.stdout?.on('data', (chunk: Buffer) => this.#keep(this.#stdout, chunk))
    this.process.stderr?.on('data', (chunk: Buffer) => this.#keep(this.#stderr, chunk))
    this.exit = this.#watchExit()
    this.#feed(input)
  }

  get pid(): number {
    return this.process.pid ?? -1
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout)
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString('utf8')
  }

  /** Resolves when `isThere` holds of the output so far. @throws Error if it ends before */
  async until(isThere: (child: Child) => boolean): Promise<void> {
    while (!isThere(this)) {
      if (this.#isEnded) throw new Error(`it ended first: ${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  /** Ends it with SIGTERM, and with SIGKILL if it does not listen. */
  async stop(): Promise<Exit> {
    if (this.#isEnded) return this.exit
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), politeEndMs)
    try {
      return await this.exit
    } finally {
      clearTimeout(timer)
    }
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #watchExit(): Promise<Exit> {
    const [code, signal] = (await once(this.process, 'close')) as [
      number | null,
      NodeJS.Signals | null,
    ]
    this.#isEnded = true
    this.#wake()
    return { code: code ?? 128 + signalNumber(signal) }
  }

  #keep(chunks: Buffer[], chunk: Buffer): void {
    chunks.push(chunk)
    this.#wake()
  }

  #wake(): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }

  #feed(input: ChildOptions['input']): void {
    const { stdin } = this.process
    if (stdin === null) return
    // It may end without reading all it is given; how it ended is what a test looks at.
    stdin.on('error', () => {})
    if (input === 'open' || input === undefined) return
    if (typeof input === 'string' || input instanceof Uint8Array) stdin.end(input)
    else input.pipe(stdin)
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal as string] ?? 0
}

// What a child needs of this process's environment, and nothing that could change what it does.
function quietEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', NO_COLOR: '1' }
}

/** Resolves when no process has this id any more; one that nobody collected counts as gone. */
export async function gone(pid: number): Promise<void> {
  const { readFile } = await import('node:fs/promises')
  await eventually(
    async () => {
      try {
        process.kill(pid, 0)
      } catch {
        return true
      }
      return /\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
    },
    { what: `process ${pid} to end` },
  )
}
