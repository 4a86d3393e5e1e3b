import { expect, it } from 'vitest'
import * as api from './index.js'

it('exports these names, and a new one on purpose', () => {
  expect(Object.keys(api).sort()).toEqual([
    'agentAuthorization',
    'createRegistryClient',
    'defineRoutes',
    'feedPath',
    'fields',
    'fillPath',
    'fromProblem',
    'isLoopbackHost',
    'parse',
    'parseFeedFollowerMessage',
    'parseFeedServerMessage',
    'parseJson',
    'problemResponse',
    'problemType',
    'queryString',
    'registerAgent',
    'registryRoutes',
    'requestAdmission',
    'toProblem',
  ])
})
