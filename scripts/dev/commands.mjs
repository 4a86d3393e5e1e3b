// What each `npm run …` does, in steps from tasks.mjs.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled } from './install.mjs'
import { Tally } from './tally.mjs'
import { build, check, test, tool } from './tasks.mjs'
import { root, SetupError } from './toolchain.mjs'

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
    // What is too long for everybody's `npm test` is not too long for CI.
    process.env['MESH_TEST_LONG'] = '1'
    await test(tally, 'e2e')
    const startedAt = performance.now()
    tally.addStep('demo', await tool(process.execPath, 'scripts/demo.mjs'), startedAt)
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

/**
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function runCommand(name, args) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    process.stderr.write(`error: usage: node scripts/dev.mjs ${Object.keys(commands).join('|')}\n`)
    return 2
  }
  try {
    await ensureInstalled()
    return await command(args)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 3
  }
}
