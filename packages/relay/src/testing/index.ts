export {
  type GateFixture,
  type GateFixtureAgent,
  gateSuite,
  type SuiteRunner,
} from './gate-suite.js'
export { MemoryGate } from './memory-gate.js'
