import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { ChunkReader } from './chunk-reader.js'
import { writeAll } from './writable.js'

export interface ProcessExit {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

interface ProcessOptions {
  readonly argv: readonly string[]
  readonly cwd: string | undefined
  readonly environment: Readonly<Record<string, string>>
}

/** How often a group that was told to end is looked at; grandchildren report to nobody. */
const groupPollMs = 25

/** SIGKILL needs a moment too. What is left then has ended, and waits for init to collect it. */
const killedMs = 1_000

/** A program in a process group of its own, so that it ends together with what it started. */
export class ProcessGroup {
  readonly stdout: ChunkReader
  /** Resolves when the program itself has ended; its children may live on. */
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exitListeners = new Set<() => void>()
  #exit: ProcessExit | undefined
  #termination: Promise<void> | undefined

  /** @throws the error of the operating system: ENOENT, EACCES, E2BIG, … */
  static async start(options: ProcessOptions): Promise<ProcessGroup> {
    const [file = '', ...args] = options.argv
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: 'pipe',
      detached: true,
    })
    // A program may end without reading its input (EPIPE); that is its own affair.
    child.stdin.on('error', () => undefined)
    await once(child, 'spawn')
    return new ProcessGroup(child)
  }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.stdout = new ChunkReader(child.stdout)
    this.exited = new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => {
        this.#exit = { exitCode, signal }
        resolve(this.#exit)
        for (const listener of this.#exitListeners) listener()
      })
    })
    child.stderr.on('error', () => undefined)
  }

  /** Called once the program has ended, at once if it has already. Returns the unsubscription. */
  onExit(listener: () => void): () => void {
    if (this.hasExited) listener()
    else this.#exitListeners.add(listener)
    return () => this.#exitListeners.delete(listener)
  }

  onErrorOutput(listener: (bytes: Uint8Array) => void): void {
    this.#child.stderr.on('data', listener)
  }

  get hasExited(): boolean {
    return this.#exit !== undefined
  }

  /**
   * Writes the body to stdin as fast as it is read, and closes it. Stops early without an error
   * when the program no longer reads; rejects when the body fails, and leaves stdin open then: a
   * closed one would tell the program that it has all of the input.
   */
  async feed(body: AsyncIterable<Uint8Array>): Promise<void> {
    await writeAll(this.#child.stdin, body)
  }

  /** SIGTERM to the group, SIGKILL after the grace; resolves when nothing of it runs any more. */
  terminate(graceMs: number): Promise<void> {
    this.#termination ??= this.#terminate(graceMs)
    return this.#termination
  }

  async #terminate(graceMs: number): Promise<void> {
    this.#signal('SIGTERM')
    await this.#gone(graceMs)
    this.#signal('SIGKILL')
    this.#child.stdin.destroy()
    await this.exited
    await this.#gone(killedMs)
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }

  async #gone(limitMs: number): Promise<void> {
    const until = performance.now() + limitMs
    while (this.#isAlive() && performance.now() < until) await delay(groupPollMs)
  }

  #isAlive(): boolean {
    return !this.hasExited || this.#signal(0)
  }

  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child
    if (pid === undefined) return false
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }
}
