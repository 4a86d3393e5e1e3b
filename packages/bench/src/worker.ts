import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A process of the benchmark: answers one message with one message, in order. */
export interface Worker extends AsyncDisposable {
  call<Answer>(message: object): Promise<Answer>
  /** User and system time of the process so far, in microseconds. */
  cpuUs(): Promise<number>
}

interface Reply {
  readonly error?: string
  readonly value?: unknown
}

/** Starts `module` (a URL beside the caller) as a process that runs `serve`. */
export function startWorker(module: URL): Worker {
  const child = fork(module, {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = []
  child.on('message', (reply: Reply) => {
    const first = waiting.shift()
    if (reply.error === undefined) first?.resolve(reply.value)
    else first?.reject(new Error(reply.error))
  })
  child.on('exit', (code) => {
    const error = new Error(`${module.pathname} ended with ${code}`)
    for (const one of waiting.splice(0)) one.reject(error)
  })
  const call = <Answer>(message: object) =>
    new Promise<Answer>((resolve, reject) => {
      waiting.push({ resolve: (value) => resolve(value as Answer), reject })
      child.send(message)
    })
  return {
    call,
    cpuUs: () => call<number>({ kind: 'cpu' }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The process's side: answers every message by `answer`. */
export function serve<Message extends { kind: string }>(
  answer: (message: Message) => unknown,
): void {
  const reply = (value: Reply) => process.send?.(value)
  process.on('message', (message: Message | { kind: 'cpu' }) => {
    if (message.kind === 'cpu') {
      const { user, system } = process.cpuUsage()
      reply({ value: user + system })
      return
    }
    Promise.resolve()
      .then(() => answer(message as Message))
      .then(
        (value) => reply({ value }),
        (error: unknown) =>
          reply({ error: error instanceof Error ? (error.stack ?? '') : String(error) }),
      )
  })
  process.on('disconnect', () => process.exit(0))
}
