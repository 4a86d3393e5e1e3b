import { join } from 'node:path'
import { createKeypair, isMeshError, type Keypair } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { readKeyFile } from '@agent-mesh/sdk/node'

/**
 * The agent's key, from `keys/NAME.key`.
 * @throws MeshError 'config' when it is missing, damaged, or can be read by others
 */
export async function readAgentKey(home: string, name: string): Promise<Keypair> {
  try {
    return createKeypair(await readKeyFile(join(home, 'keys', `${name}.key`)), nodeCrypto)
  } catch (error) {
    if (isMeshError(error)) error.hint ??= `meshctl up --name ${name}`
    throw error
  }
}
