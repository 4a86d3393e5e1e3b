// Rules about single files and manifests. Each is a function from text to violations.
import ts from 'typescript'
import { isTest, type Package, type SourceFile, type Violation } from './source.ts'
import { globalsUsed, hasAsync, importsOf, parse, readsEnvironment } from './syntax.ts'

type Rule = (file: SourceFile, packageName: string) => readonly Omit<Violation, 'where'>[]

const testPackages = new Set(['testkit', 'e2e', 'bench'])
const notPure = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Promise', 'Date'],
  ...['performance', 'process', 'console', 'fetch', 'WebSocket', 'Buffer', 'require'],
])
/** The port of time holds its one real implementation, for composition roots to hand in. */
const notPureButTime = new Set([...notPure].filter((name) => !/^(?:Date|performance)$/.test(name)))

export function checkFiles(packages: readonly Package[]): Violation[] {
  return packages.flatMap(({ name, folder, files }) =>
    files.flatMap((file) =>
      rules.flatMap((rule) =>
        rule(file, name).map((found) => ({ where: `${folder}/${file.path}`, ...found })),
      ),
    ),
  )
}

/** `core` is a set of machines: what they know of time, chance and the world is handed in. */
const corePure: Rule = (file, packageName) => {
  const isMachine = file.path.startsWith('src/') && !file.path.startsWith('src/node/')
  if (packageName !== 'core' || !isMachine || /\.test\.ts$/.test(file.path)) return []
  const why = 'core is pure: inputs and `now` go in, effects come out'
  const mayUse = isTest(file) ? /^(?:\.|@noble\/|fast-check$)/ : /^(?:\.|@noble\/|valibot$)/
  return [
    ...importsOf(file)
      .filter(({ specifier }) => !mayUse.test(specifier))
      .map(({ specifier }) => ({
        what: `imports ${specifier}`,
        why: 'core imports itself, noble and valibot; node modules live in core/node',
      })),
    ...importsOf(file)
      .filter(({ specifier }) => /^(?:\.\.?\/)+node\//.test(specifier))
      .map(({ specifier }) => ({
        what: `imports ${specifier}`,
        why: 'core/node stands on core, never the other way: core runs everywhere',
      })),
    ...globalsUsed(file, file.path === 'src/clock.ts' ? notPureButTime : notPure).map((name) => ({
      what: `uses ${name}`,
      why,
    })),
    ...(hasAsync(file) ? [{ what: 'is async', why }] : []),
  ]
}

const indexIsAList: Rule = (file) => {
  if (!/(?:^|\/)index\.ts$/.test(file.path)) return []
  return parse(file).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) {
      if (ts.isImportDeclaration(statement)) return []
      return [{ what: 'has logic', why: 'an index is a hand-written list of exported names' }]
    }
    const isNamed =
      statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)
    if (isNamed) return []
    return [{ what: 'exports *', why: 'public names are chosen one by one; narrowing is not easy' }]
  })
}

const environmentInConfig: Rule = (file, packageName) => {
  const isConfig = /(?:^|\/)(?:config|bin)\.ts$/.test(file.path)
  if (isConfig || isTest(file) || testPackages.has(packageName) || !readsEnvironment(file))
    return []
  return [{ what: 'reads process.env', why: 'settings are read once, in config.ts' }]
}

const kebabCase: Rule = ({ path }) => {
  const isKebab = path
    .split('/')
    .every((part) =>
      /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config|d|setup))?(?:\.[a-z]+)?$/.test(part),
    )
  return isKebab
    ? []
    : [{ what: 'is not kebab-case', why: 'files and folders are kebab-case nouns' }]
}

const rules: readonly Rule[] = [corePure, indexIsAList, environmentInConfig, kebabCase]

/** What every manifest has in common. */
export function checkManifests(packages: readonly Package[]): Violation[] {
  return packages.flatMap(({ name, folder, manifest }) => {
    const found: Omit<Violation, 'where'>[] = []
    const expect = (isTrue: boolean, what: string, why: string): void => {
      if (!isTrue) found.push({ what, why })
    }
    expect(
      manifest.name === `@agent-mesh/${name}`,
      `is named ${manifest.name}`,
      'folder and name agree',
    )
    expect(manifest.type === 'module', 'is not type: module', 'all code is ESM')
    expect(
      manifest.files?.includes('dist') === true,
      'does not ship dist',
      'dist is ignored by git',
    )
    for (const [dependency, range] of Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    })) {
      const right = dependency.startsWith('@agent-mesh/') ? 'workspace:*' : 'catalog:'
      expect(range === right, `${dependency}: ${range}`, `versions have one home: write ${right}`)
    }
    for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
      if (typeof target === 'string') continue
      const first = Object.keys(target)[0]
      const why = 'tests run from source, and the first condition that fits wins'
      expect(first === '@agent-mesh/source', `${subpath} begins with ${first}`, why)
    }
    return found.map((one) => ({ where: `${folder}/package.json`, ...one }))
  })
}
