import { MeshError } from '../errors.js'

/** The door of both backends: they disagree about what to do with a wrong length. */
export function needLength(bytes: Uint8Array, length: number, field: string): Uint8Array {
  if (bytes.length === length) return bytes
  throw new MeshError('invalid', `${field} has ${bytes.length} bytes instead of ${length}`)
}
