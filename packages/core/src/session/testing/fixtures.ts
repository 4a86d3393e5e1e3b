import type { Crypto } from '../../crypto.js'
import { compareAgentIds } from '../../identity/agent-id.js'
import { createKeypair, SecretKey } from '../../identity/keypair.js'
import type { HandshakeParty } from '../handshaking.js'
import { type AgentOptions, TestAgent } from './agent.js'
import { Network } from './network.js'

/** Two agents at relay r1. Alice has the smaller id: she is answered when both begin at once. */
export function pair(options: AgentOptions): {
  network: Network
  alice: TestAgent
  bob: TestAgent
} {
  const network = new Network()
  const make = () => createKeypair(SecretKey.generate(options.crypto), options.crypto)
  const [one, two] = [make(), make()]
  const isInOrder = compareAgentIds(one.id, two.id) < 0
  const [small, large] = isInOrder ? [one, two] : [two, one]
  const alice = new TestAgent(network, { ...options, keypair: small })
  const bob = new TestAgent(network, { ...options, keypair: large })
  network.connect(alice.id, 'r1')
  network.connect(bob.id, 'r1')
  return { network, alice, bob }
}

/** One side of a handshake. */
export function party(crypto: Crypto): HandshakeParty {
  const keypair = createKeypair(SecretKey.generate(crypto), crypto)
  return { keypair, crypto, incarnation: crypto.randomBytes(16) }
}

/** The packet with each of its bytes changed, one at a time. */
export function* flips(packet: Uint8Array): Iterable<Uint8Array> {
  for (let i = 0; i < packet.length; i++) {
    const flipped = packet.slice()
    flipped[i] = (flipped[i] as number) ^ (1 << (i % 8))
    yield flipped
  }
}
