import { errorCodes, MeshError } from '@agent-mesh/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromProblem, problemResponse, problemType, toProblem } from './problem.js'

describe('a problem document', () => {
  it('carries every code, sentence, hint and details there and back', () => {
    for (const code of errorCodes.filter((code) => code !== 'internal')) {
      const error = new MeshError(code, 'a sentence', { hint: 'a command', details: { a: [1] } })
      const back = fromProblem(JSON.parse(JSON.stringify(toProblem(error))))
      expect(back).toMatchObject({ code, message: 'a sentence', hint: 'a command' })
      expect(back?.details).toEqual({ a: [1] })
    }
  })

  it('tells nothing of what is not meant for others', () => {
    const inner = new Error('SQLITE_IOERR: /var/lib/mesh.db')
    const secrets = [
      inner,
      new MeshError('internal', 'token mesh_x', { cause: inner, details: { path: '/var/lib' } }),
      new MeshError('busy', 'busy', { cause: inner }),
      'a string',
      undefined,
    ]
    for (const error of secrets) {
      expect(JSON.stringify(toProblem(error))).not.toMatch(/SQLITE|mesh_x|var/)
    }
  })

  it('has the status of its code, and says when to come back and how to log in', () => {
    const busy = problemResponse(
      new MeshError('busy', 'busy', { details: { retryAfterMs: 1_200 } }),
    )
    expect(busy.status).toBe(503)
    expect(busy.headers.get('content-type')).toBe(problemType)
    expect(busy.headers.get('retry-after')).toBe('2')
    const stranger = problemResponse(new MeshError('not-logged-in', 'who?'))
    expect(stranger.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('is not made of whatever else an answer may hold', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const error = fromProblem(value)
        expect(error === undefined || error instanceof MeshError).toBe(true)
      }),
    )
    expect(fromProblem({ code: 'no-such-code' })).toBeUndefined()
    expect(fromProblem({ code: 'constructor' })).toBeUndefined()
  })
})
