import { existsSync } from 'node:fs'
import { eventually } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Mesh, script } from './fixtures.js'

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.start()
  await mesh.up('alice')
})
afterAll(() => mesh[Symbol.asyncDispose]())

/** Says that it runs, and writes down that it was told to stop. */
const worker = (file: string) =>
  script(`
    import { writeFileSync } from 'node:fs'
    process.on('SIGTERM', () => {
      writeFileSync(${JSON.stringify(file)}, 'canceled')
      process.exit(0)
    })
    setInterval(() => {}, 1000)
    process.stdout.write('working\\n')
  `)

async function bringUpWorker(name: string): Promise<{ wasTold(): Promise<unknown> }> {
  const file = mesh.home.folder.file(`told-${name}`)
  await mesh.up(name, '--capability', 'work', ...worker(file))
  await mesh.allow('alice', name, 'work')
  return { wasTold: () => eventually(() => existsSync(file), { what: 'the command to be told' }) }
}

describe('a cancel', () => {
  it('by Ctrl-C reaches a running command, and says so here', async () => {
    const { wasTold } = await bringUpWorker('worker')
    await using run = mesh.home.start(call('worker', 'work'))
    await run.until(({ stdoutLength }) => stdoutLength > 0)
    run.signal('SIGINT')
    expect((await run.exit).code).toBe(130)
    expect(run.stderr).toMatch(/^error: canceled: /)
    await wasTold()
  })

  it('by a deadline reaches a running command', async () => {
    const { wasTold } = await bringUpWorker('punctual')
    const { code } = await mesh.home.run(call('punctual', 'work', '--timeout', '2s'))
    expect(code).toBe(8)
    await wasTold()
  })

  it('by whoever reads the answer and goes away is a cancel too, and no failure', async () => {
    const endless = script(`
      const line = 'word '.repeat(1000) + '\\n'
      const write = () => {
        while (process.stdout.write(line));
        process.stdout.once('drain', write)
      }
      write()
    `)
    await mesh.up('endless', '--capability', 'talk', ...endless)
    await mesh.allow('alice', 'endless', 'talk')
    await using run = mesh.home.start(call('endless', 'talk'))
    await run.until(({ stdoutLength }) => stdoutLength > 0)
    run.process.stdout?.destroy()
    expect((await run.exit).code).toBe(0)
    const isIdle = async () => {
      const { agents } = await mesh.home.status()
      return agents.every(({ calls }) => calls.active === 0)
    }
    await eventually(isIdle, { what: 'the call to be over' })
  })
})
