import { describe, expect, it } from 'vitest'
import { callEnvironment, callHeaders, programEnvironment } from './call-context.js'
import type { LocalAgentCall } from './local-agent.js'

const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

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
    expect(callHeaders({ ...call, deadlineMs: -3, trace })).toEqual({
      'Mesh-Caller': 'key',
      'Mesh-Capability': 'echo',
      'Mesh-Call-Id': 'id',
      'Mesh-Attempt': '1',
      'Mesh-Deadline-Ms': '0',
      traceparent: trace,
    })
    expect(callEnvironment({ ...call, trace })).toMatchObject({
      MESH_CALLER: 'key',
      TRACEPARENT: trace,
    })
  })

  it('leaves out what could end a header or a variable early', () => {
    expect(callHeaders({ ...call, callerName: 'a\r\nMesh-Secret: x' })).not.toHaveProperty(
      'Mesh-Caller-Name',
    )
    expect(callEnvironment({ ...call, type: 'a\0b' })).not.toHaveProperty('MESH_CONTENT_TYPE')
  })
})

describe('the trace of a call', () => {
  const traceOf = (given?: string) =>
    callHeaders(given === undefined ? call : { ...call, trace: given })['traceparent']
  const fresh = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/

  it('is the caller’s, or a new one for each call of a caller that has none', () => {
    expect(traceOf(trace)).toBe(trace)
    expect(traceOf()).toMatch(fresh)
    expect(callEnvironment(call)['TRACEPARENT']).toMatch(fresh)
    expect(traceOf()).not.toBe(traceOf())
  })

  it.each([
    '00-1',
    `${trace}\r\nMesh-Secret: x`,
    `ff${trace.slice(2)}`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  ])('is a new one where the caller’s is none: %j', (given) => {
    expect(traceOf(given)).toMatch(fresh)
  })

  it('may be of a later version, which may say more', () => {
    expect(traceOf(`01${trace.slice(2)}-more`)).toBe(`01${trace.slice(2)}-more`)
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
