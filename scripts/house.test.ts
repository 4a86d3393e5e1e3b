// The house rules, applied to the house. The checkers themselves are tested in scripts/house/.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundleForBrowser } from './house/browser-bundle.ts'
import { checkCycles } from './house/cycles.ts'
import { checkEdges } from './house/edges.ts'
import { checkFiles, checkManifests } from './house/rules.ts'
import { readPackages, type Violation } from './house/source.ts'

const root = resolve(import.meta.dirname, '..')
const packages = readPackages(root)

/** One line per violation, so that a failure reads as a list of things to do. */
const spell = (violations: readonly Violation[]): string[] =>
  violations.map(({ where, what, why }) => `${where} ${what}: ${why}`)

describe('the house', () => {
  it('has packages to look at', () => {
    expect(packages.map(({ name }) => name)).toContain('core')
    expect(packages.flatMap(({ files }) => files).length).toBeGreaterThan(packages.length)
  })

  it('imports downwards only', () => {
    expect(spell(checkEdges(packages))).toEqual([])
  })

  it('has no module cycles', () => {
    expect(spell(checkCycles(packages))).toEqual([])
  })

  it('keeps its files to the rules', () => {
    expect(spell(checkFiles(packages))).toEqual([])
  })

  it('keeps its manifests alike', () => {
    expect(spell(checkManifests(packages))).toEqual([])
  })

  it('locks packages by name and version, not by where they were fetched', () => {
    const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
    expect(lock).not.toMatch(/tarball:/)
  })
})

describe('entries for every runtime', () => {
  const entries = ['core/src/index.ts', 'api/src/index.ts', 'api/src/local/index.ts']

  it.each([...entries, 'sdk/src/index.ts'])('%s reaches no Node module', async (entry) => {
    const { nodeModules } = await bundleForBrowser({ file: join(root, 'packages', entry) })
    expect(nodeModules).toEqual([])
  })

  it('the sdk costs a browser at most 72 KiB', async () => {
    const file = join(root, 'packages/sdk/src/index.ts')
    const { gzippedBytes } = await bundleForBrowser({ file })
    expect(gzippedBytes).toBeLessThanOrEqual(72 * 1024)
  })
})
