export { isLoopbackHost } from './loopback.js'
export { parse, parseJson } from './parse.js'
export { fromProblem, type Problem, problemResponse, problemType, toProblem } from './problem.js'
export {
  createRegistryClient,
  type Fetch,
  type RegistryClient,
  type RegistryClientOptions,
  type RequestOptions,
} from './registry/client.js'
export {
  type FeedAgent,
  type FeedChange,
  type FeedFollowerMessage,
  type FeedGroup,
  type FeedServerMessage,
  type FeedSnapshot,
  parseFeedFollowerMessage,
  parseFeedServerMessage,
} from './registry/feed.js'
export {
  agentAuthorization,
  type RegistrationInput,
  registerAgent,
  requestAdmission,
} from './registry/proofs.js'
export {
  feedPath,
  type RegistryOperation,
  type RegistryRoutes,
  registryRoutes,
} from './registry/routes.js'
export type {
  AgentView,
  FeedRule,
  Person,
  RuleRequest,
  RuleView,
  Spread,
} from './registry/schemas.js'
export {
  type Access,
  defineRoutes,
  fillPath,
  queryString,
  type Route,
  type RouteAnswer,
  type RouteInput,
  type RouteReply,
  type RouteTable,
} from './route.js'
export { fields } from './values.js'
