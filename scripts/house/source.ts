// Reads the house into plain values, so that the rules are functions of text and can be shown
// bad examples that never touch the disk.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface SourceFile {
  /** From the package's own folder: `src/noise/handshake.ts`. */
  readonly path: string
  readonly text: string
}

export interface Package {
  /** The name without the scope; also the folder's. */
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
  readonly references: readonly string[]
  readonly files: readonly SourceFile[]
}

export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly type?: string
  readonly license?: string
  readonly files?: readonly string[]
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Violation {
  readonly where: string
  readonly what: string
  readonly why: string
}

export const scope = '@agent-mesh/'

const sourcePattern = /\.(?:ts|tsx|mts|mjs|js)$/
const skippedFolders = new Set(['dist', 'node_modules', '.turbo'])

export function readPackages(root: string): Package[] {
  return readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .map((name) => readPackage(root, name))
}

function readPackage(root: string, name: string): Package {
  const folder = join(root, 'packages', name)
  const config = readJson(join(folder, 'tsconfig.json')) as { references?: { path: string }[] }
  return {
    name,
    folder: `packages/${name}`,
    manifest: readJson(join(folder, 'package.json')) as Manifest,
    references: (config.references ?? []).map(({ path }) => path.replace(/^\.\.\//, '')),
    files: readSources(folder),
  }
}

/** Every source file under a folder, with paths from there. */
function readSources(folder: string): SourceFile[] {
  const sources: SourceFile[] = []
  const visit = (current: string): void => {
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      const path = join(current, entry.name)
      if (entry.isDirectory() && !skippedFolders.has(entry.name)) visit(path)
      else if (entry.isFile() && sourcePattern.test(entry.name)) {
        sources.push({ path: relative(folder, path), text: readFileSync(path, 'utf8') })
      }
    }
  }
  visit(folder)
  return sources
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Tests, and what exists only for them, are bound by fewer rules than what ships. */
export function isTest({ path }: Pick<SourceFile, 'path'>): boolean {
  return /\.test\.tsx?$/.test(path) || /^test\//.test(path) || /^src\/testing\//.test(path)
}

/** `@agent-mesh/core/node` → `{ name: 'core', subpath: './node' }`; undefined for others' packages. */
export function parseOwnSpecifier(
  specifier: string,
): { name: string; subpath: string } | undefined {
  if (!specifier.startsWith(scope)) return undefined
  const [name = '', ...rest] = specifier.slice(scope.length).split('/')
  return { name, subpath: ['.', ...rest].join('/') }
}
