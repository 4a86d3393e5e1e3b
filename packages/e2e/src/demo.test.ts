import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Child, TempFolder } from '@agent-mesh/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runsLong } from './long.js'

const demo = fileURLToPath(new URL('../../../scripts/demo.mjs', import.meta.url))

/** Twenty commands and three daemons, on a machine that may be busy with much else. */
const slowMs = 110_000

let folder: TempFolder
beforeEach(async () => {
  folder = await TempFolder.create()
})
afterEach(() => folder[Symbol.asyncDispose]())

/** All of it happens below our folder, so what is left of it can be told. */
const start = () => new Child(process.execPath, [demo], { env: { TMPDIR: folder.path } })

/** Processes that were given our folder in their environment. Linux shows that; others say none. */
function leftProcesses(): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder.path)
    } catch {
      // Somebody else's, or gone by now.
      return false
    }
  })
}

// Each plays most of the story, so they are among the long ones.
describe.runIf(runsLong)('the demo', () => {
  it('ends with demo: ok, and leaves no process and no file', async () => {
    await using run = start()
    expect((await run.exit).code, run.stderr).toBe(0)
    expect(run.stdout.toString()).toMatch(/\ndemo: ok\n$/)
    expect(readdirSync(folder.path)).toEqual([])
    expect(leftProcesses()).toEqual([])
  })

  it('can be broken off in the middle of a call, and leaves nothing then either', async () => {
    await using run = start()
    await run.until(({ stdout }) => stdout.includes('piece 1\n'), slowMs)
    run.signal('SIGINT')
    expect((await run.exit).code, run.stderr).toBe(130)
    expect(run.stderr).toMatch(/demo: interrupted\n$/)
    expect(readdirSync(folder.path)).toEqual([])
    expect(leftProcesses()).toEqual([])
  })

  it('says at which step it failed and why, and leaves nothing', async () => {
    await using run = start()
    await run.until(({ stdout }) => stdout.includes('2. login'))
    // No code for whoever comes next: the database is not where it was.
    const [stage = ''] = readdirSync(folder.path)
    rmSync(`${folder.path}/${stage}/mesh.db`)
    expect((await run.exit).code, run.stdout.toString()).toBe(1)
    expect(run.stderr).toMatch(/\ndemo: failed at login: ".+" ended with \d+, not 0\n$/)
    expect(readdirSync(folder.path)).toEqual([])
    expect(leftProcesses()).toEqual([])
  })
})
