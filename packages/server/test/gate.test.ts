import { requestAdmission } from '@agent-mesh/api'
import { type Keypair, signedToBytes } from '@agent-mesh/core'
import { createTestRegistry } from '@agent-mesh/registry/testing'
import { gateSuite } from '@agent-mesh/relay/testing'
import { afterEach, describe, expect, it } from 'vitest'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
})

describe("the registry, as the relay's gate", () => {
  gateSuite(
    async () => {
      const mesh = createTestRegistry()
      opened.push(mesh)
      const client = mesh.client()
      const admitted = async (keypair: Keypair) => ({
        id: keypair.id,
        admission: signedToBytes(await requestAdmission(client, keypair)),
      })
      const alice = await admitted(await mesh.agent({ name: 'alice' }))
      const bob = await admitted(await mesh.agent({ name: 'bob' }))
      const eve = { id: mesh.newKey().id, admission: alice.admission }
      return {
        gate: mesh.registry.gate,
        alice,
        bob,
        eve,
        revoke: (agent) => mesh.registry.revoke(agent),
      }
    },
    { it, expect },
  )
})
