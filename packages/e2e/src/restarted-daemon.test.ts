import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pair } from './pair.js'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
})
afterAll(() => pair[Symbol.asyncDispose]())

describe("when the receiver's daemon is killed during a call and started again", () => {
  it('the caller hears that it was interrupted, and nothing is repeated', async () => {
    const { run, call } = await pair.ask('--json', '--payload', '"once"')
    await using _run = run
    await call.body()
    await pair.bob.killDaemon()
    await call.canceled
    await pair.bob.ok('up')
    expect((await run.exit).code, run.stderr).toBe(11)
    expect(run.stdout.toString()).toBe('')
    expect(JSON.parse(run.stderr)).toMatchObject({ error: { code: 'interrupted' } })
    expect(pair.agent.calls).toHaveLength(1)
  })

  it('the first call after it is answered', async () => {
    const before = pair.agent.calls.length
    const { run, call } = await pair.ask('--payload', '"again"')
    await using _run = run
    call.end('done')
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toBe('done')
    expect(pair.agent.calls).toHaveLength(before + 1)
  })

  it('an answer that had begun ends as a prefix, with the same word', async () => {
    const { run, call } = await pair.ask('--payload', '"begin"')
    await using _run = run
    await call.write('the first half')
    await run.until(({ stdout }) => stdout.toString() === 'the first half')
    await pair.bob.killDaemon()
    await pair.bob.ok('up')
    expect((await run.exit).code, run.stderr).toBe(11)
    expect(run.stdout.toString()).toBe('the first half')
    expect(run.stderr).toMatch(/^error: interrupted: /)
  })
})

describe("when the caller's daemon is killed during a call", () => {
  it('the command says so, and a new daemon repeats nothing', async () => {
    const before = pair.agent.calls.length
    const { run, call } = await pair.ask('--payload', '"orphan"')
    await using _run = run
    await call.body()
    await pair.alice.killDaemon()
    expect((await run.exit).code, run.stderr).toBe(11)
    await pair.alice.ok('up')
    const { run: next, call: answered } = await pair.ask('--payload', '"next"')
    expect((await answered.body()).toString()).toBe('"next"')
    answered.end('fine')
    expect((await next.exit).code, next.stderr).toBe(0)
    // The caller is another process now, so its old call is over.
    await call.canceled
    expect(pair.agent.calls).toHaveLength(before + 2)
  })
})
