import { PassThrough } from 'node:stream'
import type { Child } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Mesh, script } from './fixtures.js'

// It says the next word only when it is sent one, so a word that arrives was not held back.
const parrot = script(`
  process.stdout.write('ready\\n')
  process.stdin.on('data', (chunk) => process.stdout.write('heard ' + chunk))
`)

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.start()
  await mesh.up('parrot', '--capability', 'talk', ...parrot)
  await mesh.up('alice')
  await mesh.allow('alice', 'parrot', 'talk')
})
afterAll(() => mesh[Symbol.asyncDispose]())

const says = (run: Child, text: string) =>
  run.until(({ stdout }) => stdout.toString('utf8').endsWith(text))

describe('a streamed answer', () => {
  it.each([[[]], [['--stream']]])(
    'arrives piece by piece while the request is still being written %j',
    async (options) => {
      const args = call('parrot', 'talk', '--payload', '-', ...options)
      const input = new PassThrough()
      await using run = mesh.home.start(args, { input })
      await says(run, 'ready\n')
      for (const word of ['one', 'two', 'three']) {
        input.write(`${word}\n`)
        await says(run, `heard ${word}\n`)
      }
      input.end()
      expect((await run.exit).code, run.stderr).toBe(0)
      expect(run.stdout.toString('utf8')).toBe('ready\nheard one\nheard two\nheard three\n')
    },
  )
})
