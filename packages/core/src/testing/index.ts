export { FakeClock } from './fake-clock.js'
export {
  admissionStatements,
  agentIds,
  bytesOf,
  capabilityNames,
  capabilityPatterns,
  cardStatements,
  keypairs,
  names,
  rulesAmong,
  secretKeys,
} from './generators.js'
export {
  type Fate,
  LinkedWires,
  type LinkedWiresOptions,
  type Side,
  type WireEnd,
} from './linked-wires.js'
export { relayFrames } from './relay-frames.js'
export { seededCrypto } from './seeded-crypto.js'
