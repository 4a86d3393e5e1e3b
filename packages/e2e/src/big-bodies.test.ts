import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import {
  Child,
  eventually,
  forgetPeak,
  peakBytes,
  programPath,
  residentBytes,
} from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Mesh } from './fixtures.js'
import { runsLong } from './long.js'

const megabyte = 1_000_000
const allowedGrowthBytes = 64 * 1024 * 1024

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.withEcho()
  // The first body makes the session and warms the code; what grows after it is the body.
  await echo(3)
})
afterAll(() => mesh[Symbol.asyncDispose]())

describe('a body', () => {
  const check = async (megabytes: number) => {
    const { sent, received, growth } = await echo(megabytes)
    expect(received).toBe(sent)
    for (const [name, bytes] of Object.entries(growth)) {
      expect(bytes, `growth of ${name}`).toBeLessThan(allowedGrowthBytes)
    }
  }

  it('of 20 MB goes there and back whole, and no process holds it', () => check(20))

  it.runIf(runsLong)('of 100 MB goes there and back whole, and no process holds it', () =>
    check(100),
  )
})

async function echo(megabytes: number) {
  const { home, server } = mesh
  const sent = home.folder.file(`sent-${megabytes}`)
  const received = home.folder.file(`received-${megabytes}`)
  await pipeline(noise(megabytes), createWriteStream(sent))

  const daemonPid = (await home.daemonPid()) ?? -1
  const before = { daemon: await startPeak(daemonPid), server: await startPeak(server.pid) }
  await using meshctl = toFile(call('bob', 'echo', '--payload', `@${sent}`), received)
  const hasBegun = () => existsSync(received) && statSync(received).size > 0
  await eventually(() => meshctl.isEnded || hasBegun(), { what: 'the answer to begin' })
  const meshctlGrowth = await growthToEnd(meshctl)
  expect((await meshctl.exit).code, meshctl.stderr).toBe(0)
  return {
    sent: await hashOf(sent),
    received: await hashOf(received),
    growth: {
      meshctl: meshctlGrowth,
      daemon: (await peakBytes(daemonPid)) - before.daemon,
      server: (await peakBytes(server.pid)) - before.server,
    },
  }
}

/** A meshctl whose answer goes where one of this size goes: to a file. */
function toFile(args: readonly string[], file: string): Child {
  const command = `exec "$0" "$@" > '${file}'`
  return new Child('/bin/sh', ['-c', command, process.execPath, programPath('meshctl'), ...args], {
    env: { MESH_HOME: mesh.home.path },
  })
}

async function startPeak(pid: number): Promise<number> {
  await forgetPeak(pid)
  return residentBytes(pid)
}

/** How much more it holds at its peak than now. */
async function growthToEnd({ pid }: Child): Promise<number> {
  let least = 0
  let most = 0
  await eventually(
    async () => {
      const now = await residentBytes(pid).catch(() => 0)
      least ||= now
      most = Math.max(most, now)
      return now === 0
    },
    { what: 'meshctl to end' },
  )
  return most - least
}

function* noise(megabytes: number): Generator<Buffer, void> {
  for (let left = megabytes; left > 0; left--) yield randomBytes(megabyte)
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}
