import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Child, findInMemory, forgetPeak, peakBytes, residentBytes } from '../src/index.js'

const isLinux = process.platform === 'linux'

describe.skipIf(!isLinux)("a look at a process's memory", () => {
  it('finds what is there and not what is not', async () => {
    // Written backwards, so that the script's own text is no copy of it.
    const script =
      'const held = Buffer.from("eldeen-a"); held.reverse(); console.log("ready"); setInterval(() => held[0], 1000)'
    await using child = new Child(process.execPath, ['-e', script])
    await child.until(({ stdout }) => stdout.includes('ready'))
    const found = findInMemory(child.pid, {
      held: Buffer.from('a-needle'),
      never: Buffer.from('another-one'),
    })
    expect(found).toEqual(new Set(['held']))
  })

  it('tells the peak since it was forgotten', async () => {
    const script =
      'process.stdin.once("data", () => { globalThis.big = Buffer.alloc(64 << 20, 1); console.log("big") })'
    const input = new PassThrough()
    await using child = new Child(process.execPath, ['-e', script], { input })
    await once(child.process, 'spawn')
    await forgetPeak(child.pid)
    const before = await residentBytes(child.pid)
    input.write('grow')
    await child.until(({ stdout }) => stdout.includes('big'))
    expect(await peakBytes(child.pid)).toBeGreaterThan(before + (48 << 20))
  })
})
