export { failure } from './failure.js'
export { createTestRegistry, type TestRegistry, type TestRegistryOptions } from './test-registry.js'
