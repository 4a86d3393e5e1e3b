import { MeshError } from '@agent-mesh/core'
import type { Chunk } from '@agent-mesh/sdk'
import type { Activity } from '../activity.js'
import { killGraceMs, orphanedOutputMs, stderrTailBytes } from '../limits.js'
import { callEnvironment } from './call-context.js'
import type { Quiet } from './chunk-reader.js'
import type { LocalAgent, LocalAgentAnswer, LocalAgentCall } from './local-agent.js'
import { ProcessGroup } from './process-group.js'
import type { Slots } from './slots.js'
import { TextTail } from './text-tail.js'

export interface ExecOptions {
  readonly argv: readonly string[]
  readonly cwd?: string | undefined
  /** What every program gets; the call's own variables are added. */
  readonly environment: Readonly<Record<string, string>>
  /** A program holds one for as long as it runs. */
  readonly slots: Slots
  readonly activity: Activity
}

/**
 * A program run per call, without a shell: the body on stdin, stdout as the answer while it is
 * written, a non-zero exit as 'handler-failed' with the end of stderr (contract.md, exec).
 */
export class ExecAgent implements LocalAgent {
  readonly #options: ExecOptions

  constructor(options: ExecOptions) {
    this.#options = options
  }

  async answer(call: LocalAgentCall): Promise<LocalAgentAnswer> {
    const release = await this.#options.slots.take(call.signal)
    const program = await this.#start(call).catch((error) => {
      release()
      throw error
    })
    program.onExit(release)
    this.#options.activity.track(program.exited)
    const run = new Run(program, call, this.#options.activity)
    const output = run.output()
    // A program that fails before it says anything fails the call itself, not its answer.
    const first = await output.next()
    return { body: first.done ? nothing() : withFirst(first.value, output) }
  }

  async #start(call: LocalAgentCall): Promise<ProcessGroup> {
    call.signal.throwIfAborted()
    const { argv, cwd, environment } = this.#options
    try {
      return await ProcessGroup.start({
        argv,
        cwd,
        environment: { ...environment, ...callEnvironment(call) },
      })
    } catch (cause) {
      throw startFailure(argv[0] ?? '', cause)
    }
  }
}

/** One program at work on one call. */
class Run {
  readonly #program: ProcessGroup
  readonly #signal: AbortSignal
  readonly #errorOutput = new TextTail(stderrTailBytes)
  readonly #inputFailure = new AbortController()
  /** A child of the program may hold stdout open after it; it gets no more than this to speak. */
  readonly #orphaned: Quiet
  readonly #activity: Activity

  constructor(program: ProcessGroup, call: LocalAgentCall, activity: Activity) {
    this.#program = program
    this.#activity = activity
    this.#orphaned = { after: (listener) => program.onExit(listener), ms: orphanedOutputMs }
    this.#signal = AbortSignal.any([call.signal, this.#inputFailure.signal])
    program.onErrorOutput((bytes) => this.#errorOutput.push(bytes))
    program.feed(call.body).catch((error) => this.#inputFailure.abort(error))
  }

  /** However it ends, the program and what it started in its group have ended before. */
  async *output(): AsyncGenerator<Chunk, void> {
    const stop = () => void this.#stop()
    this.#signal.addEventListener('abort', stop, { once: true })
    let complete = false
    try {
      if (this.#signal.aborted) stop()
      for (;;) {
        const bytes = await this.#program.stdout.next(this.#orphaned)
        if (bytes === undefined) break
        yield { bytes, endOfMessage: false }
      }
      await this.#end()
      complete = this.#program.stdout.isAtEnd
    } finally {
      this.#signal.removeEventListener('abort', stop)
      if (!complete) await this.#stop()
    }
  }

  #stop(): Promise<void> {
    const stopped = this.#program.terminate(killGraceMs)
    this.#activity.track(stopped)
    return stopped
  }

  async #end(): Promise<void> {
    // The program may have closed stdout and work on; the answer is complete when it has ended.
    const { exitCode, signal } = await this.#program.exited
    this.#signal.throwIfAborted()
    if (exitCode === 0) return
    const how = signal === null ? { exitCode } : { signal }
    const sentence = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`
    throw new MeshError('handler-failed', `the program failed: ${sentence}`, {
      details: { ...how, stderr: this.#errorOutput.text },
    })
  }
}

async function* withFirst(first: Chunk, rest: AsyncGenerator<Chunk, void>) {
  try {
    yield first
    yield* rest
  } finally {
    // Reached before the rest was begun when the reader left at the first chunk.
    await rest.return()
  }
}

async function* nothing(): AsyncGenerator<Chunk, void> {}

function startFailure(file: string, cause: unknown): MeshError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const reason = reasons[code] ?? `it could not be started (${code})`
  return new MeshError('handler-failed', `the program ${file} did not run: ${reason}`, {
    cause,
    details: { program: file, reason },
  })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file, or no such folder to run it in',
  EACCES: 'it may not be executed',
  E2BIG: 'its arguments are too long',
  EMFILE: 'this machine has no file descriptors left',
  EAGAIN: 'this machine has no processes left',
}
