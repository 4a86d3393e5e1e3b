import { createKeypair, noAdmission, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { gateSuite } from '../testing/gate-suite.js'
import { ListedGate } from './listed-gate.js'

const agent = () => ({
  id: createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id,
  admission: noAdmission,
})

describe('the gate of a list', () => {
  gateSuite(
    () => {
      const [alice, bob, eve] = [agent(), agent(), agent()]
      return { gate: new ListedGate([alice.id, bob.id]), alice, bob, eve }
    },
    { it, expect },
  )
})
