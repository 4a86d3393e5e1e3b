// The commands in scripts/bin, run in a small copy of the tree where a fake one is built.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const path = [dirname(process.execPath), process.env['PATH']].join(delimiter)
let folder: string
let meshctl: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-mesh-launch-'))
  cpSync(join(import.meta.dirname, 'bin'), join(folder, 'scripts/bin'), { recursive: true })
  cpSync(join(import.meta.dirname, 'launch.sh'), join(folder, 'scripts/launch.sh'))
  meshctl = join(folder, 'scripts/bin/meshctl')
})

afterEach(() => rmSync(folder, { recursive: true }))

function build(script: string): void {
  mkdirSync(join(folder, 'packages/meshctl/dist'), { recursive: true })
  writeFileSync(join(folder, 'packages/meshctl/package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'packages/meshctl/dist/bin.js'), script)
}

/** Puts a program before all others on PATH that prints `line`. */
function fake(program: string, line: string): NodeJS.ProcessEnv {
  const bin = join(folder, 'fake')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, program), `#!/bin/sh\necho '${line}'\n`)
  chmodSync(join(bin, program), 0o755)
  return { PATH: [bin, path].join(delimiter) }
}

function start(command: string, args: string[] = [], env: NodeJS.ProcessEnv = { PATH: path }) {
  return spawnSync(command, args, { cwd: '/', env, encoding: 'utf8' })
}

describe('a command in scripts/bin', () => {
  it('runs from any folder, hands on its arguments and its exit code', () => {
    build('console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 6')
    const { stdout, status } = start(meshctl, ['a b', '', '-- "c"'])
    expect(JSON.parse(stdout)).toEqual(['a b', '', '-- "c"'])
    expect(status).toBe(6)
  })

  it('is found through links, relative ones too', () => {
    build('console.log("here")')
    mkdirSync(join(folder, 'links'))
    symlinkSync('../scripts/bin/meshctl', join(folder, 'links/one'))
    symlinkSync(join(folder, 'links/one'), join(folder, 'links/two'))
    expect(start(join(folder, 'links/two')).stdout).toBe('here\n')
  })

  it('becomes the Node process, so that signals reach it', async () => {
    build(
      'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1e6); console.log(process.pid)',
    )
    const child = spawn(meshctl, { env: { PATH: path } })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    expect(Number(line.toString())).toBe(child.pid)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([7, null])
  })

  it('says in one sentence that it is not built', () => {
    const { stdout, stderr, status } = start(meshctl)
    expect(stderr).toMatch(/^error: config: meshctl is not built yet\nhint: .*npm run setup\n$/)
    expect([stdout, status]).toEqual(['', 3])
  })

  it.each(['v18.20.4', 'v20.18.3'])('refuses Node %s', (version) => {
    build('console.log("never")')
    const { stdout, stderr, status } = start(meshctl, [], fake('node', version))
    expect(stderr).toContain(`needs Node 20.19 or newer, not ${version.slice(1)}`)
    expect([stdout, status]).toEqual(['', 3])
  })

  it('names WSL on Windows', () => {
    build('console.log("never")')
    const { stdout, stderr, status } = start(meshctl, [], fake('uname', 'MINGW64_NT-10.0'))
    expect(stderr).toContain('WSL')
    expect([stdout, status]).toEqual(['', 3])
  })
})
