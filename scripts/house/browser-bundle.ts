// Bundles an entry as a browser would load it and tells what it reaches.
import { builtinModules } from 'node:module'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'

export interface BrowserBundle {
  /** Node's own modules and packages that exist only there. */
  readonly nodeModules: readonly string[]
  readonly gzippedBytes: number
}

const builtins = builtinModules.flatMap((name) => [name, `node:${name}`])
const nodeOnly = [...builtins, 'ws', 'better-sqlite3', 'pino', '@hono/node-server']

/** @param entry a file, or text to bundle as if it stood in `resolveDir` */
export async function bundleForBrowser(
  entry: { readonly file: string } | { readonly text: string; readonly resolveDir: string },
): Promise<BrowserBundle> {
  const input: BuildOptions =
    'file' in entry
      ? { entryPoints: [entry.file] }
      : { stdin: { contents: entry.text, resolveDir: entry.resolveDir, loader: 'ts' } }
  const { metafile, outputFiles } = await build({
    ...input,
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    conditions: ['@agent-mesh/source', 'browser'],
    external: nodeOnly,
    logLevel: 'silent',
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  const external = imports.filter((one) => one.external === true).map(({ path }) => path)
  const bytes = outputFiles[0]?.contents ?? new Uint8Array()
  return { nodeModules: [...new Set(external)], gzippedBytes: gzipSync(bytes).length }
}
