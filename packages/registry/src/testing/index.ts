export { createTestRegistry, type TestRegistry, type TestRegistryOptions } from './test-registry.js'
