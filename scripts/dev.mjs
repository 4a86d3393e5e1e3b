// Everything `npm run …` does here, with Node's built-ins alone: a clone needs Node and npm.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled } from './dev/install.mjs'
import { Tally } from './dev/tally.mjs'
import { build, check, test, tool } from './dev/tasks.mjs'
import { root } from './dev/toolchain.mjs'

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const commands = {
  async setup() {
    const code = await build()
    if (code === 0) process.stderr.write('ready. The commands are in scripts/bin.\n')
    return code
  },

  build,

  async check() {
    const tally = new Tally()
    await check(tally)
    await test(tally, 'unit', ['scripts/'])
    return tally.close()
  },

  async test(filters) {
    const tally = new Tally()
    await buildFor(tally)
    await test(tally, 'unit', filters)
    await test(tally, 'e2e', filters)
    return tally.close()
  },

  async 'test:e2e'(filters) {
    const tally = new Tally()
    await buildFor(tally)
    await test(tally, 'e2e', filters)
    return tally.close()
  },

  async verify() {
    const tally = new Tally()
    await buildFor(tally)
    await check(tally)
    await test(tally, 'unit')
    await test(tally, 'e2e')
    return tally.close()
  },

  demo: (args) => builtScript('scripts/demo.mjs', args),
  bench: (args) => builtScript('packages/bench/dist/bin.js', args),
  format: () => tool('biome', 'check', '--write', '.'),
}

/** @param {Tally} tally */
async function buildFor(tally) {
  const startedAt = performance.now()
  tally.addStep('build', await build(), startedAt)
}

/** @param {string} file @param {string[]} args */
async function builtScript(file, args) {
  const code = await build()
  if (code !== 0) return code
  if (existsSync(join(root, file))) return tool(process.execPath, file, ...args)
  process.stderr.write(`error: config: ${file} is not there\n`)
  return 3
}

/** @param {string} name @param {string[]} args */
async function main(name, args) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    process.stderr.write(`error: usage: node scripts/dev.mjs ${Object.keys(commands).join('|')}\n`)
    return 2
  }
  if (process.platform === 'win32') {
    process.stderr.write('error: config: on Windows, run agent-mesh inside WSL\n')
    return 3
  }
  try {
    await ensureInstalled()
    return await command(args)
  } catch (error) {
    process.stderr.write(
      `error: internal: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    return 1
  }
}

process.exitCode = await main(process.argv[2] ?? '', process.argv.slice(3))
