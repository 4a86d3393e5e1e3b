import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withLock } from './lock.mjs'
import { run } from './process.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-mesh-dev-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the lock', () => {
  it('lets one in at a time', async () => {
    const file = join(folder, 'lock')
    const seen: string[] = []
    const visit = (name: string): Promise<void> =>
      withLock(file, async () => {
        seen.push(`${name} in`)
        await new Promise(setImmediate)
        seen.push(`${name} out`)
      })
    await Promise.all([visit('a'), visit('b')])
    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out'])
    expect(existsSync(file)).toBe(false)
  })

  it('is taken from a holder that died', async () => {
    const file = join(folder, 'lock')
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(file, String(pid))
    await expect(withLock(file, async () => {})).resolves.toBeUndefined()
  })

  it('is given back when the work fails', async () => {
    const file = join(folder, 'lock')
    const work = withLock(file, () => Promise.reject(new Error('no')))
    await expect(work).rejects.toThrow('no')
    expect(existsSync(file)).toBe(false)
  })
})

describe('a child', () => {
  const options = { cwd: process.cwd(), env: process.env }

  it.each([
    ['its exit code', 'process.exit(5)', 5],
    ['128 and more for a signal', 'process.kill(process.pid, "SIGKILL")', 137],
  ])('ends with %s', async (_, script, code) => {
    const args = ['-e', script]
    expect(await run(process.execPath, args, { ...options, logFile: join(folder, 'log') })).toBe(
      code,
    )
  })
})

describe('dev.mjs', () => {
  it('names the commands it knows', () => {
    const script = resolve(import.meta.dirname, '../dev.mjs')
    const { stderr, status } = spawnSync(process.execPath, [script, 'toString'], {
      encoding: 'utf8',
    })
    expect(stderr).toMatch(/^error: usage: .*setup\|build\|check/)
    expect(status).toBe(2)
  })
})
