// Our relay, whole, in a process of its own: login, reach, rate limit, counters and bounded queues
// as in the server; only the registry behind the gate is replaced by a list in memory.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createKeypair, SecretKey, systemClock } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { createRelayUpgrade, Relay, RelayEvents } from '@agent-mesh/relay'
import { MemoryGate } from '@agent-mesh/relay/testing'
import { serve } from './worker.js'

export interface Admit {
  readonly kind: 'admit'
  readonly seeds: readonly Uint8Array[]
}

const gate = new MemoryGate()
const server = createServer()

serve(async ({ seeds }: Admit) => {
  for (const seed of seeds) {
    gate.place(createKeypair(SecretKey.fromSeed(seed), nodeCrypto).id, 'bench')
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const relay = new Relay({
    gate,
    origins: [origin],
    crypto: nodeCrypto,
    clock: systemClock,
    log: new RelayEvents(() => {}),
  })
  server.on('upgrade', createRelayUpgrade(relay))
  return `${origin}/relay/ws`
})
