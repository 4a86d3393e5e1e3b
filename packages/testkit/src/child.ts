import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { KeptOutput } from './kept-output.js'
import { onExit } from './leftovers.js'
import { patienceMs, politeEndMs } from './limits.js'

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What it reads; nothing when absent. A PassThrough is for the test to write to. */
  readonly input?: Uint8Array | string | Readable
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
  readonly #stdout = new KeptOutput()
  readonly #stderr = new KeptOutput()
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
    const callOff = onExit(() => this.signal('SIGKILL'))
    this.process.once('exit', callOff)
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
    return this.#stdout.bytes
  }

  /** How much of it there is so far; cheap, unlike `stdout` itself. */
  get stdoutLength(): number {
    return this.#stdout.length
  }

  get stderr(): string {
    return this.#stderr.bytes.toString('utf8')
  }

  /** stdout from its beginning, chunk by chunk as it arrives. */
  async *chunks(): AsyncGenerator<Buffer, void> {
    for (let index = 0; ; index++) {
      while (index >= this.#stdout.chunks.length && !this.#isEnded) await this.#more()
      const chunk = this.#stdout.chunks[index]
      if (chunk === undefined) return
      yield chunk
    }
  }

  /**
   * Resolves when `isThere` holds of the output so far.
   *
   * @throws Error with the output, if it ends before or nothing comes of it within the limit
   */
  async until(isThere: (child: Child) => boolean, limitMs: number = patienceMs): Promise<void> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#wake()
    }, limitMs)
    try {
      while (!isThere(this)) {
        if (this.#isEnded) throw new Error(`it ended first: ${this.#said}`)
        if (isLate) throw new Error(`waited ${limitMs} ms: ${this.#said}`)
        await this.#more()
      }
    } finally {
      clearTimeout(timer)
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

  get #said(): string {
    return `${this.stdout.toString('utf8').slice(-2000)}${this.stderr.slice(-2000)}`
  }

  async #watchExit(): Promise<Exit> {
    const [code, signal] = (await once(this.process, 'close')) as [
      number | null,
      NodeJS.Signals | null,
    ]
    this.#isEnded = true
    this.#wake()
    return { code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }
  }

  #keep(output: KeptOutput, chunk: Buffer): void {
    output.add(chunk)
    this.#wake()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#listeners.add(resolve))
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
    if (input === undefined) return
    if (typeof input === 'string' || input instanceof Uint8Array) stdin.end(input)
    else input.pipe(stdin)
  }
}

// What a child needs of this process's environment, and nothing that could change what it does.
function quietEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', NO_COLOR: '1' }
}
