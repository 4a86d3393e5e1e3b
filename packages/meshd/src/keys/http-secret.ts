import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { toBase64url } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'

/**
 * What an agent's HTTP server is sent as `Mesh-Secret`, from `keys/NAME.http-secret` (0600); made
 * when it is first needed. The user gives the same file, or its content, to the server.
 */
export function httpSecretOf(home: string, name: string): string {
  const path = join(home, 'keys', `${name}.http-secret`)
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
  }
  const secret = toBase64url(nodeCrypto.randomBytes(32))
  writePrivateFile(path, `${secret}\n`)
  return secret
}

/** Whole or not at all, however the process ends. */
function writePrivateFile(path: string, text: string): void {
  const staged = `${path}.${process.pid}.tmp`
  const file = openSync(staged, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(staged, path)
}
