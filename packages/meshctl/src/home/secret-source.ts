import { MeshError } from '@agent-mesh/core'
import type { Source } from '../io.js'
import { maxSecretFileBytes } from '../limits.js'
import { readSmallFile } from './private-file.js'

/**
 * A secret from a file, or from stdin when `path` is `-`. Secrets other than one-time codes are
 * never arguments: every user of a machine can read those.
 *
 * @throws MeshError `config` if there is none
 */
export async function readSecret(path: string, option: string, stdin: Source): Promise<string> {
  const text = path === '-' ? await readAll(stdin) : await readSmallFile(path, maxSecretFileBytes)
  if (text === undefined) throw new MeshError('config', `there is no file ${path} (${option})`)
  const secret = text.trim()
  if (secret === '') throw new MeshError('config', `${path} is empty (${option})`)
  if (/\s/.test(secret)) {
    throw new MeshError('config', `${path} holds more than one word (${option})`)
  }
  return secret
}

async function readAll(stdin: Source): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxSecretFileBytes) throw new MeshError('config', 'stdin is too long for a secret')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
