import { readFileSync } from 'node:fs'
import { parse } from '@agent-mesh/api'
import { isMeshError, MeshError } from '@agent-mesh/core'
import { parse as parseToml, TomlError } from 'smol-toml'
import type * as v from 'valibot'

/**
 * A TOML file as a checked value; undefined when there is no such file.
 * @throws MeshError 'config' naming the file, and the line or the field
 */
export function readTomlFile<S extends v.GenericSchema>(
  path: string,
  schema: S,
): v.InferOutput<S> | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  try {
    return parse(schema, parseToml(text), path)
  } catch (cause) {
    if (cause instanceof TomlError) {
      const [reason] = cause.message.split('\n')
      throw new MeshError('config', `${path}, line ${cause.line}: ${reason}`, { cause })
    }
    if (isMeshError(cause)) throw new MeshError('config', cause.message, { cause })
    throw cause
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('config', `${path} cannot be read (${reason})`, { cause })
  }
}
