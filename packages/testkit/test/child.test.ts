import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Child, endProcess, isAlive } from '../src/index.js'

const node = (script: string, ...args: string[]) => ['-e', script, ...args]

describe('a child process', () => {
  it('keeps both outputs as bytes, and the exit code', async () => {
    const script =
      'process.stdout.write(Buffer.from([0, 255])); console.error("oh"); process.exitCode = 7'
    await using child = new Child(process.execPath, node(script))
    expect(await child.exit).toEqual({ code: 7 })
    expect([...child.stdout]).toEqual([0, 255])
    expect(child.stderr).toBe('oh\n')
  })

  it('hands out its output as it arrives', async () => {
    const script = 'process.stdin.on("data", (data) => process.stdout.write(data))'
    const input = new PassThrough()
    await using child = new Child(process.execPath, node(script), { input })
    const chunks = child.chunks()
    input.write('one')
    expect((await chunks.next()).value?.toString()).toBe('one')
    input.end('two')
    expect((await chunks.next()).value?.toString()).toBe('two')
    expect((await chunks.next()).done).toBe(true)
  })

  it('says what was printed when the wanted never comes', async () => {
    await using child = new Child(process.execPath, node('console.log("something else")'))
    const wanted = child.until(({ stdout }) => stdout.includes('the thing'))
    await expect(wanted).rejects.toThrow('something else')
  })

  it('tells a signal as a shell does', async () => {
    await using child = new Child(process.execPath, node('setInterval(() => {}, 1000)'))
    child.signal('SIGINT')
    expect(await child.exit).toEqual({ code: 130 })
  })

  it('is gone when disposed', async () => {
    const child = new Child(process.execPath, node('setInterval(() => {}, 1000)'))
    await child[Symbol.asyncDispose]()
    expect(isAlive(child.pid)).toBe(false)
  })
})

describe('a process of somebody else', () => {
  it('counts as gone once it has ended', async () => {
    const stranger = spawn(process.execPath, node('setInterval(() => {}, 1000)'))
    await once(stranger, 'spawn')
    const pid = stranger.pid ?? -1
    expect(isAlive(pid)).toBe(true)
    await endProcess(pid, 'SIGKILL')
    expect(isAlive(pid)).toBe(false)
    await endProcess(pid, 'SIGKILL')
  })
})
