import { describe, expect, it } from 'vitest'
import * as root from './index.js'
import * as node from './node/index.js'
import * as testing from './testing/index.js'

// Widening is easy and narrowing is not: a name is added to the snapshot when it is meant to stay.
describe('the public names of core', () => {
  it('are these at the root', () => {
    expect(Object.keys(root).sort().join('\n')).toMatchSnapshot()
  })

  it('are these at core/node', () => {
    expect(Object.keys(node)).toEqual(['nodeCrypto'])
  })

  it('are these at core/testing', () => {
    expect(Object.keys(testing).sort().join('\n')).toMatchSnapshot()
  })
})
