// Shows every checker a bad example, so that a green house means something.
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundleForBrowser } from './browser-bundle.ts'
import { findCycles } from './cycles.ts'
import { checkEdges } from './edges.ts'
import { reasonAgainst } from './levels.ts'
import { checkFiles, checkManifests } from './rules.ts'
import type { Manifest, Package } from './source.ts'

function packageNamed(
  name: string,
  files: Record<string, string>,
  manifest: Manifest = {},
): Package {
  return {
    name,
    folder: `packages/${name}`,
    manifest,
    references: Object.keys(manifest.dependencies ?? {}).map((one) =>
      one.replace('@agent-mesh/', ''),
    ),
    files: Object.entries(files).map(([path, text]) => ({ path, text })),
  }
}

const core = packageNamed(
  'core',
  {},
  { exports: { '.': './dist/index.js', './testing': './t.js' } },
)
const needsCore: Manifest = { dependencies: { '@agent-mesh/core': 'workspace:*' } }

const whatIn = (name: string, path: string, text: string): string[] =>
  checkFiles([packageNamed(name, { [path]: text })]).map(({ what }) => what)

describe('levels', () => {
  it.each([
    ['core', 'api', /above/],
    ['sdk', 'relay', /sideways/],
    ['relay', 'registry', /sideways/],
    ['meshctl', 'sdk', /through the daemon/],
    ['meshd', 'relay', /over the wire/],
    ['server', 'meshd', /sideways/],
    ['relay', 'testkit', /tests only/],
    ['relay', 'relay', /relative/],
    ['relay', 'novelty', /no level/],
  ])('%s may not import %s', (from, to, reason) => {
    expect(reasonAgainst({ from, to, inTest: false })).toMatch(reason)
  })

  it.each([
    ['api', 'core'],
    ['server', 'relay'],
    ['e2e', 'meshctl'],
  ])('%s may import %s', (from, to) => {
    expect(reasonAgainst({ from, to, inTest: false })).toBeUndefined()
  })

  it('lets a test look down, but neither up nor sideways', () => {
    expect(reasonAgainst({ from: 'meshd', to: 'relay', inTest: true })).toBeUndefined()
    expect(reasonAgainst({ from: 'sdk', to: 'relay', inTest: true })).toMatch(/sideways/)
    expect(reasonAgainst({ from: 'core', to: 'testkit', inTest: true })).toMatch(/above/)
  })
})

describe('edges', () => {
  const whyIn = (one: Package): string[] => checkEdges([core, one]).map(({ why }) => why)

  it('accepts an import that the manifest names', () => {
    const files = { 'src/a.ts': "import { x } from '@agent-mesh/core'" }
    expect(whyIn(packageNamed('sdk', files, needsCore))).toEqual([])
  })

  it.each([
    ['an upward import', "import '@agent-mesh/meshd'", /above/],
    ['a type spelt as an import', "let a: import('@agent-mesh/relay').A", /sideways/],
    ['a dynamic import', "await import('@agent-mesh/server')", /above/],
    ['a re-export', "export { a } from '@agent-mesh/registry'", /sideways/],
    ['a path into another package', "import '../../core/src/index.js'", /by its name/],
    ['a deep import', "import '@agent-mesh/core/dist/x.js'", /does not export/],
    ['a test entry in code that ships', "import '@agent-mesh/core/testing'", /tests only/],
  ])('refuses %s', (_, text, reason) => {
    const whys = whyIn(packageNamed('sdk', { 'src/a.ts': text }, needsCore))
    expect(whys).toEqual([expect.stringMatching(reason)])
  })

  it('refuses an import that the manifest does not name', () => {
    const one = packageNamed('sdk', { 'src/a.ts': "import '@agent-mesh/core'" })
    expect(whyIn(one)).toEqual([expect.stringMatching(/does not name core/)])
  })

  it('refuses a manifest that points up, and references that say something else', () => {
    const manifest = { dependencies: { '@agent-mesh/sdk': 'workspace:*' } }
    expect(whyIn(packageNamed('relay', {}, manifest))).toEqual([expect.stringMatching(/sideways/)])
    const silent = { ...packageNamed('sdk', {}, needsCore), references: ['api'] }
    expect(checkEdges([silent]).map(({ what }) => what)).toEqual([
      'no reference to core',
      'a reference to api and no dependency',
    ])
  })
})

describe('file rules', () => {
  it.each([
    ['a timer', 'setTimeout(() => {}, 1)', 'uses setTimeout'],
    ['the clock', 'const now = Date.now()', 'uses Date'],
    ['the clock behind a constructor', 'const now = new Date()', 'uses Date'],
    ['a global by its long name', 'globalThis.fetch("x")', 'uses fetch'],
    ['an async function', 'export const f = async () => 1', 'is async'],
    ['a Node module', "import { readFileSync } from 'node:fs'", 'imports node:fs'],
    ['a library', "import ws from 'ws'", 'imports ws'],
    ['its own Node part', "import { a } from '../node/a.js'", 'imports ../node/a.js'],
  ])('core is pure: no %s', (_, text, what) => {
    expect(whatIn('core', 'src/noise/a.ts', text)).toContain(what)
  })

  it('leaves core/node, tests and harmless words alone', () => {
    expect(whatIn('core', 'src/node/a.ts', "import 'node:crypto'")).toEqual([])
    expect(whatIn('core', 'src/a.test.ts', 'await 1; Date.now()')).toEqual([])
    expect(whatIn('core', 'src/clock.ts', 'Date.now(); performance.now()')).toEqual([])
    expect(whatIn('core', 'src/a.ts', 'new Date(Date.UTC(2030, 0))')).toEqual([])
    const text = "import { a } from '@noble/hashes/sha2.js'; const b = { Date: a.process }"
    expect(whatIn('core', 'src/a.ts', text)).toEqual([])
    expect(whatIn('core', 'src/a.ts', "import * as v from 'valibot'")).toEqual([])
  })

  it('an index is a list of names', () => {
    expect(whatIn('relay', 'src/index.ts', "export * from './a.js'")).toEqual(['exports *'])
    expect(whatIn('relay', 'src/index.ts', "export * as a from './a.js'")).toEqual(['exports *'])
    expect(whatIn('relay', 'src/index.ts', 'export const a = 1')).toEqual(['has logic'])
    expect(whatIn('relay', 'src/index.ts', "export { type A, b } from './a.js'")).toEqual([])
  })

  it('only config and bin read the environment', () => {
    const what = ['reads process.env']
    expect(whatIn('relay', 'src/a.ts', 'const a = process.env.A')).toEqual(what)
    expect(whatIn('relay', 'src/a.ts', "const a = globalThis.process.env['A']")).toEqual(what)
    expect(whatIn('relay', 'src/a.ts', "import { env } from 'node:process'")).toEqual(what)
    expect(whatIn('relay', 'src/config.ts', 'const a = process.env.A')).toEqual([])
    expect(whatIn('relay', 'test/a.test.ts', 'const a = process.env.A')).toEqual([])
  })

  it('names are kebab-case', () => {
    expect(whatIn('relay', 'src/sendQueue.ts', '')).toEqual(['is not kebab-case'])
    expect(whatIn('relay', 'src/Router/a.ts', '')).toEqual(['is not kebab-case'])
    expect(whatIn('relay', 'src/send-queue.test.ts', '')).toEqual([])
  })
})

describe('manifests', () => {
  it('name their versions in the catalog', () => {
    const dependencies = { ws: '^8.0.0', '@agent-mesh/core': '0.1.0' }
    const manifest = { name: '@agent-mesh/sdk', type: 'module', files: ['dist'], dependencies }
    const found = checkManifests([packageNamed('sdk', {}, manifest)])
    expect(found.map(({ what }) => what)).toEqual(['ws: ^8.0.0', '@agent-mesh/core: 0.1.0'])
  })
})

describe('module cycles', () => {
  it('are found through values and ignored through types', () => {
    const b = { path: 'src/b.ts', text: "import { c } from './deep/c.js'" }
    const c = { path: 'src/deep/c.ts', text: "export { a } from '../b.js'" }
    expect(findCycles([b, c])).toEqual([['src/b.ts', 'src/deep/c.ts', 'src/b.ts']])
    expect(findCycles([b, { ...c, text: "import type { a } from '../b.js'" }])).toEqual([])
  })
})

describe('browser bundles', () => {
  const resolveDir = resolve(import.meta.dirname, '../../packages/sdk/src')

  it('show the Node modules they reach', async () => {
    const text = "import { readFileSync } from 'node:fs'; import ws from 'ws'; ws(readFileSync)"
    const { nodeModules } = await bundleForBrowser({ text, resolveDir })
    expect(nodeModules).toEqual(['node:fs', 'ws'])
  })

  it('show what they weigh', async () => {
    const text = "import * as v from 'valibot'; console.log(v)"
    const root = resolve(resolveDir, '../../api/src')
    const { gzippedBytes } = await bundleForBrowser({ text, resolveDir: root })
    expect(gzippedBytes).toBeGreaterThan(10 * 1024)
  })
})
