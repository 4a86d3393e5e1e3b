// Installs what the lockfile says, and does nothing at all when that has already happened.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { withLock } from './lock.mjs'
import { run } from './process.mjs'
import { bootstrapPnpm, root, SetupError, toolEnvironment, tools } from './toolchain.mjs'

const stampFile = join(root, 'node_modules/.agent-mesh-install')
const logFile = join(tools, 'install.log')

const compilerMissing =
  'error: config: SQLite has to be compiled once, and no C++ compiler was found\n' +
  'hint:  apt-get install -y g++ make python3   (macOS: xcode-select --install), then npm run setup'

export async function ensureInstalled() {
  if (readStamp()?.whole === stamp().whole) return
  mkdirSync(tools, { recursive: true })
  await withLock(join(tools, 'install.lock'), async () => {
    const before = readStamp()
    if (before?.whole === stamp().whole) return
    await bootstrapPnpm()
    await install(before)
    writeFileSync(stampFile, `${JSON.stringify(stamp())}\n`)
  })
}

/** @param {Stamp | undefined} before */
async function install(before) {
  rmSync(logFile, { force: true })
  process.stderr.write('installing packages\n')
  const stopWatching = announceCompiling()
  try {
    await pnpm(['install', '--frozen-lockfile'])
    if (before !== undefined && before.runtime !== stamp().runtime) {
      process.stderr.write(`Node changed (${before.runtime} → ${stamp().runtime})\n`)
    }
    if (!(await isSqliteLoadable())) {
      rmSync(join(sqliteFolder(), 'build'), { recursive: true, force: true })
      await pnpm(['rebuild', '--recursive', 'better-sqlite3'])
    }
  } finally {
    stopWatching()
  }
}

/** @param {string[]} args */
async function pnpm(args) {
  const env = { ...toolEnvironment(), CI: '1' }
  const code = await run('pnpm', args, { cwd: root, env, logFile })
  if (code === 0) return
  const log = readFileSync(logFile, 'utf8')
  if (/gyp ERR!/.test(log) && !hasCompiler()) throw new SetupError(compilerMissing)
  const tail = log.trimEnd().split('\n').slice(-40).join('\n')
  throw new SetupError(`${tail}\nerror: config: pnpm ${args[0]} failed (see .tools/install.log)`)
}

/** Asked of the binary itself: it may be for another Node, whoever put it there. */
async function isSqliteLoadable() {
  const script = 'require(process.argv[1])'
  const binary = join(sqliteFolder(), 'build/Release/better_sqlite3.node')
  const options = { cwd: root, env: toolEnvironment(), logFile }
  return (await run(process.execPath, ['-e', script, binary], options)) === 0
}

// The binary comes from pnpm's store when this machine has compiled it before, or ready-made
// from the network; a configured but unfinished build is the sign that a compiler is at work.
function announceCompiling() {
  const timer = setInterval(() => {
    const folder = join(sqliteFolder(), 'build')
    if (!existsSync(join(folder, 'config.gypi'))) return
    if (existsSync(join(folder, 'Release/better_sqlite3.node'))) return
    process.stderr.write('compiling SQLite, about a minute, once\n')
    clearInterval(timer)
  }, 100)
  return () => clearInterval(timer)
}

function sqliteFolder() {
  const version = /^ {2}better-sqlite3@([\d.]+):$/m.exec(readLockfile())?.[1] ?? ''
  return join(root, `node_modules/.pnpm/better-sqlite3@${version}/node_modules/better-sqlite3`)
}

function hasCompiler() {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const isThere = (/** @type {string} */ name) =>
    folders.some((folder) => existsSync(join(folder, name)))
  return ['c++', 'g++', 'clang++'].some(isThere) && isThere('make') && isThere('python3')
}

/** @typedef {{ whole: string, runtime: string }} Stamp */

/** @returns {Stamp} what an install depends on: the lockfile, and the Node that native code is for */
function stamp() {
  const { platform, arch, versions } = process
  const runtime = `${platform}-${arch}-abi${versions.modules}`
  const hash = createHash('sha256').update(readLockfile())
  hash.update(readFileSync(join(root, 'pnpm-workspace.yaml')))
  return { whole: `${hash.digest('hex')} ${runtime}`, runtime }
}

/** @returns {Stamp | undefined} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'))
  } catch {
    return undefined
  }
}

function readLockfile() {
  return readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
}
