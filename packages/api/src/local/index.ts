export {
  type AnswerPart,
  createLocalClient,
  type LocalAnswer,
  type LocalCall,
  type LocalClient,
  type LocalOptions,
} from './client.js'
export {
  AgentName,
  AgentState,
  AgentStatus,
  CallQuery,
  Capability,
  DaemonStatus,
  LinkStatus,
  Program,
  UpRequest,
  Version,
} from './documents.js'
export {
  type AnswerFrame,
  AnswerFrameDecoder,
  AnswerHeader,
  encodeAnswerFrame,
  framesContentType,
} from './frames.js'
export { callRoute, localRoutes } from './routes.js'
export type { LocalRequest, LocalResponse, LocalTransport } from './transport.js'
