import { describe, expect, it } from 'vitest'
import { callEnvironment, callHeaders, programEnvironment } from './call-context.js'
import type { LocalAgentCall } from './local-agent.js'

const call: LocalAgentCall = {
  id: 'id',
  caller: 'key',
  capability: 'echo',
  attempt: 1,
  body: (async function* () {})(),
  signal: new AbortController().signal,
}

describe('what a program is told of a call', () => {
  it('is the same in headers and in the environment', () => {
    expect(callHeaders({ ...call, deadlineMs: -3, trace: '00-1' })).toEqual({
      'Mesh-Caller': 'key',
      'Mesh-Capability': 'echo',
      'Mesh-Call-Id': 'id',
      'Mesh-Attempt': '1',
      'Mesh-Deadline-Ms': '0',
      traceparent: '00-1',
    })
    expect(callEnvironment({ ...call, trace: '00-1' })).toMatchObject({
      MESH_CALLER: 'key',
      TRACEPARENT: '00-1',
    })
  })

  it('leaves out what could end a header or a variable early', () => {
    expect(callHeaders({ ...call, trace: '00\r\nMesh-Secret: x' })).not.toHaveProperty(
      'traceparent',
    )
    expect(callEnvironment({ ...call, type: 'a\0b' })).not.toHaveProperty('MESH_CONTENT_TYPE')
  })
})

describe('the environment of programs', () => {
  it('is the daemon’s, without what tells of another call', () => {
    const inherited = {
      PATH: '/bin',
      MESH_HOME: '/h',
      MESH_CALLER: 'x',
      TRACEPARENT: 'y',
      NONE: undefined,
    }
    expect(programEnvironment(inherited)).toEqual({ PATH: '/bin', MESH_HOME: '/h' })
  })
})
