// Which package imports which: manifests, imports and project references have to tell one story.
import { reasonAgainst } from './levels.ts'
import {
  isTest,
  type Manifest,
  type Package,
  parseOwnSpecifier,
  type SourceFile,
  scope,
  type Violation,
} from './source.ts'
import { importsOf } from './syntax.ts'

export function checkEdges(packages: readonly Package[]): Violation[] {
  return packages.flatMap((one) => [
    ...checkManifest(one),
    ...checkReferences(one),
    ...one.files.flatMap((file) => checkImports(one, file, packages)),
  ])
}

function checkManifest({ name, folder, manifest }: Package): Violation[] {
  const where = `${folder}/package.json`
  const toViolation = (to: string, inTest: boolean): Violation[] => {
    const why = reasonAgainst({ from: name, to, inTest })
    return why === undefined ? [] : [{ where, what: `${name} depends on ${to}`, why }]
  }
  return [
    ...ownNames(manifest.dependencies).flatMap((to) => toViolation(to, false)),
    ...ownNames(manifest.optionalDependencies).flatMap((to) => toViolation(to, false)),
    ...ownNames(manifest.devDependencies).flatMap((to) => toViolation(to, true)),
  ]
}

/** A missing reference builds by luck of order; one too many hides an edge. */
function checkReferences({ folder, manifest, references }: Package): Violation[] {
  const dependencies = ownNames(manifest.dependencies)
  const where = `${folder}/tsconfig.json`
  const why = 'references and the dependencies in package.json name the same packages'
  const missing = dependencies.filter((name) => !references.includes(name))
  const extra = references.filter((name) => !dependencies.includes(name))
  return [
    ...missing.map((name) => ({ where, what: `no reference to ${name}`, why })),
    ...extra.map((name) => ({ where, what: `a reference to ${name} and no dependency`, why })),
  ]
}

function checkImports(
  { name, folder, manifest }: Package,
  file: SourceFile,
  packages: readonly Package[],
): Violation[] {
  const where = `${folder}/${file.path}`
  const inTest = isTest(file)
  return importsOf(file).flatMap(({ specifier }): Violation[] => {
    const what = `imports ${specifier}`
    if (leavesPackage(file.path, specifier)) {
      return [{ where, what, why: 'another package is reached by its name, not by a path' }]
    }
    const target = parseOwnSpecifier(specifier)
    if (target === undefined) return []
    const why =
      reasonAgainst({ from: name, to: target.name, inTest }) ??
      reasonAgainstSpecifier(target, { from: name, inTest, manifest, packages })
    return why === undefined ? [] : [{ where, what, why }]
  })
}

interface ImportContext {
  readonly from: string
  readonly inTest: boolean
  readonly manifest: Manifest
  readonly packages: readonly Package[]
}

function reasonAgainstSpecifier(
  target: { readonly name: string; readonly subpath: string },
  { from, inTest, manifest, packages }: ImportContext,
): string | undefined {
  const ships = ownNames(manifest.dependencies).includes(target.name)
  const isDev = ownNames(manifest.devDependencies).includes(target.name)
  if (!ships && !(inTest && isDev)) {
    return `${from} does not name ${target.name} in its ${inTest ? 'devDependencies' : 'dependencies'}`
  }
  const exported = packages.find(({ name }) => name === target.name)?.manifest.exports ?? {}
  if (!Object.hasOwn(exported, target.subpath)) {
    return `${target.name} does not export ${target.subpath}`
  }
  const isForTests = inTest || ['testkit', 'e2e', 'bench'].includes(from)
  if (target.subpath === './testing' && !isForTests) return 'a /testing entry is for tests only'
  return undefined
}

function leavesPackage(path: string, specifier: string): boolean {
  if (!specifier.startsWith('.')) return false
  const depth = path.split('/').length - 1
  const ups = specifier.split('/').filter((part) => part === '..').length
  return ups > depth
}

function ownNames(dependencies: Readonly<Record<string, string>> = {}): string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length))
}
