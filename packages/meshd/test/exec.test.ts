import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Activity } from '../src/activity.js'
import { ExecAgent } from '../src/local-agents/exec.js'
import type { LocalAgentAnswer, LocalAgentCall } from '../src/local-agents/local-agent.js'
import { Slots } from '../src/local-agents/slots.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exec-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function agentOf(
  argv: string[],
  { slots = new Slots({ running: 4, queued: 4 }), cwd = folder } = {},
) {
  const environment = { PATH: String(process.env['PATH']), FOLDER: folder }
  return new ExecAgent({ argv, cwd, environment, slots, activity: new Activity() })
}

/** A script of the shell, which is a program like any other here. */
function shell(script: string, options?: Parameters<typeof agentOf>[1]) {
  return agentOf(['/bin/sh', '-c', script], options)
}

function callOf(overrides: Partial<LocalAgentCall> = {}): LocalAgentCall {
  return {
    id: 'call-1',
    caller: 'f2Ba9xQ1',
    capability: 'echo',
    attempt: 1,
    body: bodyOf(),
    signal: new AbortController().signal,
    ...overrides,
  }
}

async function* bodyOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

/** The failure of the call, whatever its type: the tests look at what it has. */
async function failureOf(answering: Promise<unknown>): Promise<MeshError> {
  const error: unknown = await answering.catch((reason: unknown) => reason)
  if (error instanceof MeshError) return error
  throw new Error(`not a MeshError: ${String(error)}`)
}

function stderrOf({ details }: MeshError): string {
  return String(details?.['stderr'])
}

async function nextBytes(chunks: AsyncIterator<{ bytes: Uint8Array }>): Promise<Buffer> {
  const next = await chunks.next()
  return next.done === true ? Buffer.alloc(0) : Buffer.from(next.value.bytes)
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(64 * 1024, 'x')
}

async function textOf(answer: LocalAgentAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const { bytes } of answer.body) chunks.push(bytes)
  return Buffer.concat(chunks).toString()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie nobody reaps has ended all the same.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function pidIn(file: string): Promise<number> {
  return vi.waitFor(() => {
    const pid = Number(readFileSync(join(folder, file), 'utf8'))
    expect(pid).toBeGreaterThan(0)
    return pid
  }, 20_000)
}

describe('an exec agent', () => {
  it('passes the body to stdin and stdout back, byte for byte', async () => {
    const body = bodyOf('one ', 'two ', '\0\xff three')
    expect(await textOf(await agentOf(['cat']).answer(callOf({ body })))).toBe(
      'one two \0\xff three',
    )
  })

  it('answers with nothing when the program says nothing', async () => {
    expect(await textOf(await agentOf(['true']).answer(callOf()))).toBe('')
  })

  it('hands over output while the program still runs', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    async function* body() {
      yield Buffer.from('first')
      await finished
      yield Buffer.from('second')
    }
    const answer = await agentOf(['cat']).answer(callOf({ body: body() }))
    const chunks = answer.body[Symbol.asyncIterator]()
    expect(String(await nextBytes(chunks))).toBe('first')
    finish()
    expect(String(await nextBytes(chunks))).toBe('second')
    expect((await chunks.next()).done).toBe(true)
  })

  it('loses nothing of what a program left in its pipe when it ended', async () => {
    const script = 'echo $$ > "$FOLDER/pid"; head -c 150000 /dev/zero'
    const answer = await shell(script).answer(callOf())
    const chunks = answer.body[Symbol.asyncIterator]()
    let { length } = await nextBytes(chunks)
    // The rest fits into the pipe and the buffer before it, so the program can end unread.
    const pid = await pidIn('pid')
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 20_000)
    await new Promise((resolve) => setImmediate(resolve))
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      length += next.value.bytes.length
    }
    expect(length).toBe(150_000)
  })

  it('tells the program about the call in its environment', async () => {
    const call = callOf({
      callerName: 'alice',
      capability: 'sum',
      attempt: 2,
      type: 'application/json',
      deadlineMs: 1234.5,
      trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    })
    const text = await textOf(await shell('env | grep -E "^(MESH|TRACE)" | sort').answer(call))
    expect(text.trim().split('\n')).toEqual([
      'MESH_ATTEMPT=2',
      'MESH_CALLER=f2Ba9xQ1',
      'MESH_CALLER_NAME=alice',
      'MESH_CALL_ID=call-1',
      'MESH_CAPABILITY=sum',
      'MESH_CONTENT_TYPE=application/json',
      'MESH_DEADLINE_MS=1234',
      'TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ])
  })

  it('uses no shell of its own', async () => {
    const answer = await agentOf(['echo', '$HOME', ';', 'id', '`id`']).answer(callOf())
    expect(await textOf(answer)).toBe('$HOME ; id `id`\n')
  })

  it('runs where it was brought up', async () => {
    expect((await textOf(await agentOf(['pwd']).answer(callOf()))).trim()).toBe(folder)
  })

  it('fails the call with the exit code and the end of stderr', async () => {
    const program = shell('for i in $(seq 2000); do echo line $i >&2; done; exit 3')
    await expect(program.answer(callOf())).rejects.toMatchObject({
      code: 'handler-failed',
      details: { exitCode: 3, stderr: expect.stringMatching(/line 1999\nline 2000$/) },
    })
    const error = await failureOf(program.answer(callOf()))
    expect(stderrOf(error).length).toBeLessThanOrEqual(2048)
  })

  it('fails the answer when the program fails after it began to speak', async () => {
    const answer = await shell('echo begun; sleep 0.1; echo broken >&2; exit 4').answer(callOf())
    const reading = textOf(answer)
    await expect(reading).rejects.toMatchObject({ details: { exitCode: 4, stderr: 'broken' } })
  })

  it('names the signal that ended a program', async () => {
    await expect(shell('kill -SEGV $$').answer(callOf())).rejects.toMatchObject({
      code: 'handler-failed',
      details: { signal: 'SIGSEGV' },
    })
  })

  it('lets no control character of stderr through', async () => {
    const error = await failureOf(
      shell('printf "\\033[31mred\\000\\n" >&2; exit 1').answer(callOf()),
    )
    expect(stderrOf(error)).not.toMatch(/\p{Cc}/u)
    expect(stderrOf(error)).toContain('red')
  })

  it.each([
    ['a missing program', ['/nowhere/agent']],
    ['a program that is none', ['/etc/passwd']],
  ])('names %s', async (_, argv) => {
    await expect(agentOf(argv).answer(callOf())).rejects.toMatchObject({
      code: 'handler-failed',
      message: expect.stringContaining(argv[0] ?? ''),
      details: { program: argv[0] },
    })
  })

  it('survives a program that reads none of a large body', async () => {
    const answer = await shell('exec 0<&-; echo done').answer(callOf({ body: endless() }))
    expect(await textOf(answer)).toBe('done\n')
  })

  it('ends a program that writes for ever when its reader leaves', async () => {
    const answer = await shell('echo $$ > "$FOLDER/pid"; exec yes').answer(callOf())
    const pid = await pidIn('pid')
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += chunk.bytes.length
      if (bytes > 1024 * 1024) break
    }
    expect(isAlive(pid)).toBe(false)
  })

  it('ends a hanging program and its grandchildren on cancel', async () => {
    const cancel = new AbortController()
    const script =
      'sh -c \'trap "" TERM; echo $$ > "$FOLDER/grandchild"; while :; do sleep 1; done\' & wait'
    const answering = shell(script).answer(callOf({ signal: cancel.signal }))
    const grandchild = await pidIn('grandchild')
    cancel.abort(new MeshError('canceled', 'enough'))
    await expect(answering).rejects.toMatchObject({ code: 'canceled' })
    expect(isAlive(grandchild)).toBe(false)
  })

  it('gives a program time to clean up before it is killed', async () => {
    const cancel = new AbortController()
    const script =
      'trap \'echo cleaned > "$FOLDER/cleaned"; exit 0\' TERM; echo $$ > "$FOLDER/pid"; while :; do sleep 0.05; done'
    const answering = shell(script).answer(callOf({ signal: cancel.signal }))
    await pidIn('pid')
    cancel.abort(new MeshError('canceled'))
    await expect(answering).rejects.toMatchObject({ code: 'canceled' })
    expect(readFileSync(join(folder, 'cleaned'), 'utf8')).toBe('cleaned\n')
  })

  it('does not wait for a background child that holds stdout open', async () => {
    const answer = await shell('sleep 300 & echo $! > "$FOLDER/pid"; echo hi').answer(callOf())
    expect(await textOf(answer)).toBe('hi\n')
    expect(isAlive(await pidIn('pid'))).toBe(false)
  })

  it('never takes a body that broke off for a whole one', async () => {
    async function* body() {
      yield Buffer.from('half')
      throw new MeshError('interrupted')
    }
    const script = 'cat > "$FOLDER/taken"; echo complete > "$FOLDER/complete"'
    await expect(shell(script).answer(callOf({ body: body() }))).rejects.toMatchObject({
      code: 'interrupted',
    })
    expect(() => readFileSync(join(folder, 'complete'))).toThrow('ENOENT')
  })

  it('runs so many at once, lets so many wait, and turns the rest away', async () => {
    writeFileSync(join(folder, 'log'), '')
    const slots = new Slots({ running: 1, queued: 1 })
    const program = shell('echo begun; cat', { slots })
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    async function* held() {
      await finished
      yield* bodyOf()
    }
    const first = await program.answer(callOf({ body: held() }))
    const second = program.answer(callOf())
    await expect(program.answer(callOf())).rejects.toMatchObject({ code: 'busy' })
    expect(slots.queued).toBe(1)
    finish()
    expect(await textOf(first)).toBe('begun\n')
    expect(await textOf(await second)).toBe('begun\n')
    await vi.waitFor(() => expect(slots.running).toBe(0))
  })
})
