import { existsSync } from 'node:fs'
import { eventually, gone } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runsLong } from './long.js'
import { Pair } from './pair.js'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
})
afterAll(() => pair[Symbol.asyncDispose]())

describe('on SIGTERM', () => {
  it('a daemon lets the call it is answering come to its end, then is gone', async () => {
    const { run, call } = await pair.ask('--payload', '"last one"')
    await using _run = run
    await call.write('half of it, ')
    await run.until(({ stdoutLength }) => stdoutLength > 0)
    const pid = (await pair.bob.daemonPid()) ?? -1
    process.kill(pid, 'SIGTERM')
    const isDraining = async () => /drain/.test(await pair.bob.daemonLog())
    await eventually(isDraining, { what: 'the daemon to drain' })
    call.end('and the rest')
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toBe('half of it, and the rest')
    await gone(pid)
    expect(existsSync(`${pair.bob.path}/meshd.sock`)).toBe(false)
    await pair.bob.ok('up')
  })

  it.runIf(runsLong)('a daemon does not wait for ever for a call that does not end', async () => {
    const { run, call } = await pair.ask('--payload', '"endless"')
    await using _run = run
    await pair.bob.terminateDaemon()
    await call.canceled
    // Whichever word it is, it is a clear one, and the caller does not hang.
    expect([7, 9, 11]).toContain((await run.exit).code)
    expect(run.stderr).toMatch(/^error: (?:interrupted|offline|unreachable|handler-failed): /)
    await pair.bob.ok('up')
  })

  it('the server ends with 0 in bounded time, and a running call outlives its restart', async () => {
    const before = pair.agent.calls.length
    const { run, call } = await pair.ask('--payload', '"through"')
    await using _run = run
    await call.write('before, ')
    await run.until(({ stdoutLength }) => stdoutLength > 0)
    expect(await pair.server.stop()).toEqual({ code: 0 })
    await pair.server.restart()
    call.end('after')
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toBe('before, after')
    expect(pair.agent.calls).toHaveLength(before + 1)
  })
})
