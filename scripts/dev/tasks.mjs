// The steps that the commands of dev.mjs are made of. Each adds its result to the tally.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './process.mjs'
import { root, toolEnvironment, tools } from './toolchain.mjs'

/** @typedef {import('./tally.mjs').Tally} Tally */

/** @param {string} command @param {...string} args */
export function tool(command, ...args) {
  return run(command, args, { cwd: root, env: toolEnvironment() })
}

/** One `tsc -b` over all packages: a no-op takes a quarter of a second. */
export function build() {
  return tool('tsc', '-b', 'tsconfig.build.json')
}

/** @param {Tally} tally */
export async function check(tally) {
  for (const [name, command, ...args] of [
    ['types', 'tsc', '-b'],
    ['format and lint', 'biome', 'check', '.'],
    ['lint with types', 'oxlint', '--type-aware', '--deny-warnings'],
    ['unused code', 'knip', '--no-progress', '--no-config-hints'],
  ]) {
    const startedAt = performance.now()
    tally.addStep(String(name), await tool(String(command), ...args), startedAt)
  }
}

/**
 * @param {Tally} tally
 * @param {'unit' | 'e2e'} project
 * @param {string[]} filters
 */
export async function test(tally, project, filters = []) {
  mkdirSync(tools, { recursive: true })
  const reportFile = join(tools, `vitest-${project}-${process.pid}.json`)
  const args = ['run', '--project', project, '--passWithNoTests', '--reporter=default']
  const json = ['--reporter=json', `--outputFile.json=${reportFile}`]
  // End-to-end tests wait for processes more than they compute.
  const workers = project === 'e2e' ? ['--maxWorkers=4'] : []
  const code = await tool('vitest', ...args, ...json, ...workers, ...filters)
  const { passed, failed } = readReport(reportFile)
  // A file that cannot be loaded or a stray rejection fails the run without a failed test.
  tally.add(passed, code !== 0 ? Math.max(1, failed) : failed)
}

/** @param {string} file */
function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    return { passed: Number(report.numPassedTests), failed: Number(report.numFailedTests) }
  } catch {
    return { passed: 0, failed: 0 }
  } finally {
    rmSync(file, { force: true })
  }
}
