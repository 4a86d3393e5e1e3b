import { expect, test } from 'vitest'
import * as sdk from './index.js'
import * as node from './node/index.js'

test('these are the public names; more is easily added, none easily taken away', () => {
  expect(Object.keys(sdk).sort()).toEqual([
    'Answer',
    'Directory',
    'Member',
    'Mesh',
    'MeshAgent',
    'MeshClient',
    'MeshError',
    'Reply',
    'SecretKey',
    'createKeypair',
    'followingPolicy',
    'isMeshError',
    'parseAgentId',
    'reply',
    'systemTimers',
  ])
  expect(Object.keys(node).sort()).toEqual(['readKeyFile', 'writeKeyFile'])
})
