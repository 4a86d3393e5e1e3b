import { randomBytes } from 'node:crypto'
import type { DaemonStatus } from '@agent-mesh/api/local'
import type { Child, Direction, FaultyProxy } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runsLong } from './long.js'
import { type Asked, Pair, workArgs } from './pair.js'

let pair: Pair
beforeAll(async () => {
  pair = await Pair.start({ isProxied: true })
})
afterAll(() => pair[Symbol.asyncDispose]())

const said = (run: Child, text: string) => run.until(({ stdout }) => stdout.toString() === text)

/** A call whose answer has begun, on a link that carried it. */
async function inTheMiddle(): Promise<Asked & { begun: number }> {
  const begun = pair.agent.calls.length + 1
  const { run, call } = await pair.ask('--payload', '"a question"')
  expect((await call.body()).toString()).toBe('"a question"')
  await call.write('before, ')
  await said(run, 'before, ')
  return { run, call, begun }
}

/** Breaks the wire, speaks into it, and lets the call come to its end. */
async function outlives(wire: FaultyProxy, harm: () => void, mend: () => void = () => {}) {
  const { run, call, begun } = await inTheMiddle()
  await using _run = run
  const redialled = wire.joining()
  harm()
  await call.write('while, ')
  await redialled
  mend()
  call.end('after')
  expect((await run.exit).code, run.stderr).toBe(0)
  expect(run.stdout.toString()).toBe('before, while, after')
  expect(pair.agent.calls).toHaveLength(begun)
}

type Side = 'alice' | 'bob'

describe("when the link of one side's daemon", () => {
  it.each<Side>(['alice', 'bob'])('is cut (%s), the call completes once', async (side) => {
    const wire = pair.wires[side]
    await outlives(wire, () => wire.cut())
  })

  it.each<[Side, Direction]>([
    ['alice', 'up'],
    ['alice', 'down'],
    ['bob', 'up'],
    ['bob', 'down'],
  ])('is half-closed (%s, %s), the call completes once', async (side, direction) => {
    const wire = pair.wires[side]
    await outlives(wire, () => wire.halfClose(direction))
  })

  it.each<Side>(['alice', 'bob'])(
    'goes silent and stays open (%s), the call completes once over another',
    async (side) => {
      const wire = pair.wires[side]
      await outlives(wire, () => wire.stall())
    },
  )

  it('is frozen and thaws with all that was stale, the call completes once', async () => {
    const wire = pair.wires.bob
    const thaw = () => wire.thaw()
    await outlives(wire, () => wire.freeze(), thaw)
  })

  it('loses what it carries, the call completes once', async () => {
    const wire = pair.wires.alice
    const deliver = () => wire.deliver()
    await outlives(wire, () => wire.swallow(), deliver)
  })

  it('leads to a relay that stops and goes on, the call completes once', async () => {
    const stop = () => pair.server.signal('SIGSTOP')
    const goOn = () => pair.server.signal('SIGCONT')
    await outlives(pair.wires.bob, stop, goOn)
  })

  it('is down, a new call waits for it', async () => {
    const wire = pair.wires.alice
    wire.refuse()
    wire.cut()
    const isOffline = (status: DaemonStatus) => status.agents[0]?.state !== 'online'
    await pair.alice.statusThat(isOffline, 'alice to notice')
    const run = pair.alice.start(workArgs('--payload', '"patience"'))
    await using _run = run
    // The daemon has the call, and nowhere to send it.
    await pair.alice.statusThat((status) => status.agents[0]?.calls.active === 1, 'the call')
    wire.accept()
    const call = await pair.arrival(run)
    call.end('rewarded')
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toBe('rewarded')
  })

  it.runIf(runsLong)(
    'is cut again and again on either side, 20 MB arrive whole and once',
    async () => {
      const sent = randomBytes(20_000_000)
      const begun = pair.agent.calls.length + 1
      await using run = pair.alice.start(workArgs('--payload', '-'), { input: sent })
      const call = await pair.arrival(run)
      const { alice, bob } = pair.wires
      const cuts = (async () => {
        for (const wire of [alice, bob, alice, bob]) {
          await wire.passing(wire === alice ? 'up' : 'down', 3_000_000)
          wire.cut()
        }
      })()
      const received = await call.body()
      await cuts
      expect(received.equals(sent)).toBe(true)
      call.end('whole')
      expect((await run.exit).code, run.stderr).toBe(0)
      expect(run.stdout.toString()).toBe('whole')
      expect(pair.agent.calls).toHaveLength(begun)
    },
  )
})
