import { isMeshError, type MeshError } from '@agent-mesh/core'

/** The MeshError that `work` fails with; anything else is a failure of the test. */
export async function failure(work: Promise<unknown> | (() => unknown)): Promise<MeshError> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (isMeshError(error)) return error
    throw error
  }
  throw new Error('nothing failed')
}
