export {
  concat,
  equal,
  fromBase64url,
  fromHex,
  fromUtf8,
  toBase64url,
  toHex,
  utf8,
} from './bytes.js'
export { type Clock, systemClock } from './clock.js'
export { nobleCrypto } from './crypto/noble.js'
export {
  type Aead,
  type Crypto,
  type DhKey,
  keyLength,
  nonceLength,
  type SigningKey,
  signatureLength,
  tagLength,
} from './crypto.js'
export {
  asMeshError,
  type ErrorCode,
  errorCodes,
  errorFromWire,
  errorSentence,
  exitCode,
  httpStatus,
  isErrorCode,
  isMeshError,
  MeshError,
  type MeshErrorOptions,
  type Retry,
  retryOf,
  wireNumber,
} from './errors.js'
export {
  type AgentId,
  agentIdBytes,
  agentIdFromBytes,
  compareAgentIds,
  isAgentId,
  isPrimeOrder,
  parseAgentId,
  shortId,
  x25519Of,
} from './identity/agent-id.js'
export { type SignContext, signContexts } from './identity/contexts.js'
export { agentIdOfDidKey, didKeyOf } from './identity/did.js'
export { createKeypair, type Keypair, SecretKey, verify } from './identity/keypair.js'
export {
  maxAdmissionBytes,
  maxAdmissionGroups,
  maxAdmissionMs,
  maxCapabilities,
  maxCapabilityLength,
  maxCardBytes,
  maxCardRelays,
  maxClockSkewMs,
  maxDescriptionLength,
  maxNameLength,
  maxOriginLength,
  maxPacketBytes,
  maxUrlLength,
} from './limits.js'
export { Reader, varintLength } from './reader.js'
export { Writer } from './writer.js'
