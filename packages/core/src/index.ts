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
  type Admission,
  type AdmissionCheck,
  type AdmissionStatement,
  signAdmission,
  verifyAdmission,
} from './directory/admission.js'
export {
  type Capability,
  type Card,
  type CardStatement,
  type JsonSchema,
  readCard,
  signCard,
  succession,
  type UnverifiedCard,
  verifyCard,
} from './directory/card.js'
export { type Decision, type DirectoryView, decide } from './directory/decide.js'
export {
  type SignedBytes,
  type SignedDocument,
  sameDocument,
  signedFromBytes,
  signedFromText,
  signedToBytes,
  signedToText,
} from './directory/document.js'
export {
  capabilityRule,
  coversCapability,
  isCapability,
  isCapabilityPattern,
  isName,
  nameRule,
  needName,
} from './directory/names.js'
export {
  type AgentPurpose,
  type AgentRequest,
  agentPurposes,
  agentRequestBytes,
  type Registration,
  registrationBytes,
} from './directory/requests.js'
export { RevocationSet } from './directory/revocation.js'
export {
  parseRule,
  type Question,
  type Rule,
  type RulePrincipal,
  ruleApplies,
} from './directory/rule.js'
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
  maxSchemaDepth,
  maxUrlLength,
} from './limits.js'
export { CipherState, noiseNonce } from './noise/cipher-state.js'
export {
  type HandshakeOptions,
  HandshakeState,
  type PatternName,
} from './noise/handshake.js'
export {
  type OneWayOpening,
  type OneWaySealing,
  type Opened,
  oneWayOpen,
  oneWaySeal,
  type Sealed,
} from './noise/one-way.js'
export { Reader, varintLength } from './reader.js'
export {
  ClientLogin,
  type ClientLoginOptions,
  type ClientLoginStep,
  type RelayTerms,
} from './relay-protocol/client-login.js'
export {
  decodeClientFrame,
  decodeFrame,
  decodeRelayFrame,
  encodeFrame,
} from './relay-protocol/codec.js'
export {
  type ChallengeFrame,
  type ClientFrame,
  type DrainingFrame,
  type Frame,
  frameType,
  type LoginFrame,
  noAdmission,
  type PacketFrame,
  type PingFrame,
  type PongFrame,
  type RefusalCode,
  type RefusedFrame,
  type RelayFrame,
  type RenewFrame,
  type ReplacedFrame,
  refusalCode,
  relayPath,
  relaySubprotocol,
  rewriteSend,
  routingPrefixBytes,
  type SendFrame,
  type ThrottledFrame,
  type UndeliverableFrame,
  type UndeliverableReason,
  undeliverableReason,
  type WelcomeFrame,
} from './relay-protocol/frames.js'
export { relayOrigin } from './relay-protocol/origin.js'
export {
  type ProvenLogin,
  RelayLogin,
  type RelayLoginOptions,
  type RelayLoginOutcome,
} from './relay-protocol/relay-login.js'
export { Budget, type Purpose } from './session/budget.js'
export type {
  Chunk,
  Effect,
  EndpointStats,
  LinkId,
  LinkTerms,
  PeerState,
  StreamId,
  UndeliverableNotice,
} from './session/effects.js'
export { Endpoint, type EndpointOptions } from './session/endpoint.js'
export type { AnswerHeader, CallHeader } from './session/headers.js'
export { type SessionLimits, sessionLimits } from './session/limits.js'
export { Writer } from './writer.js'
