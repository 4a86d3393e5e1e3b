import { fileURLToPath } from 'node:url'

type Program = 'meshctl' | 'meshd' | 'server' | 'relay'

/** The built entry of a package's command. Processes under test are what a user runs. */
export function programPath(name: Program): string {
  return fileURLToPath(new URL(`../../${name}/dist/bin.js`, import.meta.url))
}
