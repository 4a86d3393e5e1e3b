// Where the tools are, and the environment they run in. pnpm is fetched once into .tools/, at the
// version package.json names; nothing is installed globally and corepack is not needed.
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { run } from './process.mjs'

export const root = resolve(import.meta.dirname, '../..')
export const tools = join(root, '.tools')

/** A failure that the reader can mend; its message is all there is to say. */
export class SetupError extends Error {}

const pnpmVersion = readPnpmVersion()
const pnpmFolder = join(tools, `pnpm-${pnpmVersion}`)

function readPnpmVersion() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return String(manifest.packageManager).replace(/^pnpm@/, '')
}

/** The environment of every tool: pnpm and the workspace's programs on PATH, nothing phones home. */
export function toolEnvironment() {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
  const folders = [join(pnpmFolder, 'node_modules/.bin'), join(root, 'node_modules/.bin')]
  if (!isFirstNodeOnPath()) folders.push(dirname(process.execPath))
  env['PATH'] = [...folders, process.env['PATH'] ?? ''].join(delimiter)
  // node-gyp would download headers; those beside the running Node are the right ones anyway.
  const nodeFolder = resolve(dirname(process.execPath), '..')
  if (existsSync(join(nodeFolder, 'include/node/node.h'))) env['npm_config_nodedir'] = nodeFolder
  return env
}

/** Native modules must be compiled for the Node that runs this, whichever comes first on PATH. */
function isFirstNodeOnPath() {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const first = folders.map((folder) => join(folder, 'node')).find((file) => existsSync(file))
  return first !== undefined && realpathSync(first) === realpathSync(process.execPath)
}

export async function bootstrapPnpm() {
  if (existsSync(join(pnpmFolder, 'node_modules/.bin/pnpm'))) return
  process.stderr.write(`fetching pnpm ${pnpmVersion}\n`)
  const staging = `${pnpmFolder}.${process.pid}`
  mkdirSync(staging, { recursive: true })
  const args = ['install', '--prefix', staging, '--no-save', '--no-audit', '--no-fund']
  const [command, ...first] = npmCommand()
  const code = await run(command, [...first, ...args, `pnpm@${pnpmVersion}`], {
    cwd: staging,
    env: process.env,
    logFile: join(tools, 'pnpm.log'),
  })
  if (code !== 0) {
    rmSync(staging, { recursive: true, force: true })
    throw new SetupError(
      `error: config: npm could not fetch pnpm ${pnpmVersion}\nhint:  see .tools/pnpm.log`,
    )
  }
  // A rename, so that an interrupted download never looks like a finished one.
  rmSync(pnpmFolder, { recursive: true, force: true })
  renameSync(staging, pnpmFolder)
}

/** @returns {[string, ...string[]]} */
function npmCommand() {
  const script = process.env['npm_execpath']
  return script?.endsWith('npm-cli.js') ? [process.execPath, script] : ['npm']
}
