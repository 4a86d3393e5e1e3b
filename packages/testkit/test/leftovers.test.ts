import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Child, gone, isAlive } from '../src/index.js'

const testkit = fileURLToPath(new URL('../src/index.ts', import.meta.url))

/** A process that uses the testkit and never disposes. */
const careless = `
  const { Child, TempFolder } = await import(${JSON.stringify(testkit)})
  const folder = await TempFolder.create()
  const child = new Child(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  console.log(JSON.stringify({ path: folder.path, pid: child.pid }))
`

async function start(): Promise<{ host: Child; path: string; pid: number }> {
  const loader = ['--import', 'tsx', '--conditions', '@agent-mesh/source', '--input-type=module']
  const cwd = fileURLToPath(new URL('../../..', import.meta.url))
  const host = new Child(process.execPath, [...loader, '-e', careless], { cwd })
  await host.until(({ stdout }) => stdout.includes('\n'))
  const { path, pid } = JSON.parse(host.stdout.toString()) as { path: string; pid: number }
  return { host, path, pid }
}

describe('a process that ends without disposing', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s leaves nothing', async (signal) => {
    const { host, path, pid } = await start()
    expect([existsSync(path), isAlive(pid)]).toEqual([true, true])
    host.signal(signal)
    expect((await host.exit).code).toBeGreaterThan(128)
    await gone(pid)
    expect(existsSync(path)).toBe(false)
  })
})
