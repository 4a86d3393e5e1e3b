import { relative, sep } from 'node:path'
import type { Io } from './io.js'
import { version } from './version.js'

/** One line for whoever started it by hand; scripts have the log and the ready file. */
export function greet({ stdout }: Io, url: string, dbPath: string): void {
  if (!stdout.isTTY) return
  const fromHere = relative('.', dbPath)
  const shown = fromHere.startsWith('..') ? dbPath : `.${sep}${fromHere}`
  stdout.write(`agent-mesh server ${version} · ${url} · data in ${shown}\n`)
}
