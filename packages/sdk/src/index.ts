export {
  type AgentId,
  createKeypair,
  type ErrorCode,
  isMeshError,
  type Keypair,
  MeshError,
  parseAgentId,
  type Rule,
  SecretKey,
} from '@agent-mesh/core'
export { MeshAgent, type ServeOptions } from './agent.js'
export { Answer } from './calls/answer.js'
export type { CollectOptions } from './calls/body-reader.js'
export {
  type CallHandler,
  type CallOptions,
  type IncomingCall,
  Reply,
  type ReplyOptions,
  reply,
} from './calls/call.js'
export type { Body, BodyItem, Chunk, JsonValue } from './calls/chunk.js'
export { type ConnectOptions, MeshClient } from './client.js'
export type { DirectoryAgent, DirectoryRule, DirectoryState } from './directory/book.js'
export { Directory, followingPolicy, type LocalPolicy } from './directory/directory.js'
export { Member } from './member.js'
export type { MemberStatus } from './member-status.js'
export { type JoinOptions, Mesh, type MeshOptions } from './mesh.js'
export { systemTimers, type Timers } from './timers.js'
export type {
  Dial,
  DialOptions,
  SocketClosed,
  SocketEvents,
  WebSocketLike,
} from './transport/socket.js'
