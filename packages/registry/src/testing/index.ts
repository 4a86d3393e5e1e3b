export { failure } from './failure.js'
export { type FeedServer, FollowerClient, serveFeed } from './follower-client.js'
export { createTestRegistry, type TestRegistry, type TestRegistryOptions } from './test-registry.js'
