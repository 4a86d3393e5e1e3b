import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { DaemonStatus } from '@agent-mesh/api/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pair, workArgs } from './pair.js'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start()
})
afterAll(() => pair[Symbol.asyncDispose]())

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Words after `--` for a program that writes down each start and repeats its input. */
const countedEcho = (starts: string) => ['--', 'sh', '-c', 'echo started >> "$0"; cat', starts]

describe('when the relay is killed and comes back', () => {
  it('20 MB under way both ways arrive whole, and the handler ran once', async () => {
    const starts = pair.bob.folder.file('starts')
    await pair.bob.ok('up', '--name', 'echo', '--capability', 'echo', ...countedEcho(starts))
    await pair.alice.ok('acl', 'allow', '--from', '*', '--to', 'echo', '--capability', 'echo')
    const sent = randomBytes(20_000_000)
    let goOn = () => {}
    const restarted = new Promise<void>((resolve) => {
      goOn = resolve
    })
    async function* body() {
      yield sent.subarray(0, 10_000_000)
      // The rest has not left this process when the relay dies, so it dies in the middle.
      await restarted
      yield sent.subarray(10_000_000)
    }
    const args = ['request', '--target', 'echo', '--capability', 'echo', '--payload', '-']
    await using run = pair.alice.start(args, { input: Readable.from(body()) })
    await run.until(({ stdoutLength }) => stdoutLength >= 1_000_000)
    await pair.server.kill()
    await pair.server.restart()
    goOn()
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(sha256(run.stdout)).toBe(sha256(sent))
    expect(readFileSync(starts, 'utf8')).toBe('started\n')
  })

  it('a streamed answer goes on, with what was said while it was away', async () => {
    const { run, call } = await pair.ask()
    await using _run = run
    await call.write('before, ')
    await run.until(({ stdout }) => stdout.toString() === 'before, ')
    await pair.server.kill()
    await call.write('while, ')
    await pair.server.restart()
    call.end('after')
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toBe('before, while, after')
    expect(pair.agent.calls).toHaveLength(1)
  })

  it('a call that is made while it is away waits for it, and for its peer', async () => {
    const before = pair.agent.calls.length
    await pair.server.kill()
    const isAway = ({ agents }: DaemonStatus) => agents.every(({ state }) => state !== 'online')
    await pair.alice.statusThat(isAway, 'alice to notice')
    await using run = pair.alice.start(workArgs('--payload', '"patience"'))
    const isWaiting = ({ agents }: DaemonStatus) => agents[0]?.calls.active === 1
    await pair.alice.statusThat(isWaiting, 'the call to wait')
    await pair.server.restart()
    const call = await pair.arrival(run)
    expect((await call.body()).toString()).toBe('"patience"')
    call.end('rewarded')
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toBe('rewarded')
    expect(pair.agent.calls).toHaveLength(before + 1)
  })
})
