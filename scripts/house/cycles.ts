// Finds modules that need each other to load. Types may refer back and forth; values may not.
import { posix } from 'node:path'
import type { Package, SourceFile, Violation } from './source.ts'
import { importsOf } from './syntax.ts'

export function checkCycles(packages: readonly Package[]): Violation[] {
  return packages.flatMap(({ folder, files }) =>
    findCycles(files).map((cycle) => ({
      where: `${folder}/${cycle[0]}`,
      what: `is part of a cycle: ${cycle.join(' → ')}`,
      why: 'modules that need each other are one module, or hide a third',
    })),
  )
}

export function findCycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, targetsOf(file)]))
  const cycles: string[][] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path])
    if (start >= 0 || done.has(path)) return
    for (const next of edges.get(path) ?? []) {
      if (edges.has(next)) visit(next, [...trail, path])
    }
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}

function targetsOf(file: SourceFile): string[] {
  return importsOf(file)
    .filter(({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly)
    .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier))
    .map((path) => path.replace(/\.js$/, '.ts'))
}
