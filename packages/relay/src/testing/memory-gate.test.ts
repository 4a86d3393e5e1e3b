import { createKeypair, noAdmission, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { gateSuite } from './gate-suite.js'
import { MemoryGate } from './memory-gate.js'

function agentIn(gate: MemoryGate, group: string) {
  const { id } = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto)
  gate.place(id, group)
  return { id, admission: noAdmission }
}

describe('the gate in memory', () => {
  gateSuite(
    () => {
      const gate = new MemoryGate()
      return {
        gate,
        alice: agentIn(gate, 'team'),
        bob: agentIn(gate, 'team'),
        eve: agentIn(gate, 'others'),
        revoke: (id) => gate.revoke(id),
        expel: (id) => gate.place(id, 'nowhere'),
      }
    },
    { it, expect },
  )
})
