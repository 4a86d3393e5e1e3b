import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  asMeshError,
  errorCodes,
  errorFromWire,
  errorSentence,
  exitCode,
  httpStatus,
  isErrorCode,
  isMeshError,
  MeshError,
  wireNumber,
} from './errors.js'

// The command contract: checks and scripts rely on these.
const exits = {
  1: ['internal'],
  2: ['usage', 'invalid', 'name-taken'],
  3: ['config'],
  4: ['not-logged-in', 'login-refused'],
  5: ['unknown-agent', 'ambiguous', 'not-found'],
  6: ['denied', 'revoked', 'pin-mismatch'],
  7: ['unreachable', 'offline', 'registry-unreachable'],
  8: ['timeout', 'pending'],
  9: ['handler-failed'],
  10: ['busy', 'congested', 'too-large', 'store-full'],
  11: ['interrupted'],
  130: ['canceled'],
}

describe('the error table', () => {
  it('gives every code the exit code of the command contract', () => {
    const pairs = Object.entries(exits).flatMap(([exit, codes]) =>
      codes.map((code) => [code, Number(exit)]),
    )
    const actual = errorCodes.map((code) => [code, exitCode(code)])
    expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(pairs))
  })

  it('numbers the codes from 1, once each, in one byte', () => {
    expect(errorCodes.map(wireNumber)).toEqual(errorCodes.map((_, index) => index + 1))
  })

  it('brings every code through its wire number', () => {
    for (const code of errorCodes) {
      const error = errorFromWire(wireNumber(code), { a: 1 })
      expect(error).toMatchObject({ code, message: errorSentence(code), details: { a: 1 } })
    }
  })

  it('takes an unknown wire number for an internal error', () => {
    for (const number of [0, 26, 255]) expect(errorFromWire(number).code).toBe('internal')
  })

  it('has an HTTP status for every code', () => {
    for (const code of errorCodes) expect(httpStatus(code)).toBeGreaterThanOrEqual(200)
    expect(httpStatus('login-refused')).toBe(401)
    expect(httpStatus('denied')).toBe(403)
  })

  it('never advises to repeat what may have run already', () => {
    for (const code of ['timeout', 'interrupted', 'handler-failed', 'internal'] as const) {
      expect(new MeshError(code).retry).toBe('never')
    }
    expect(new MeshError('busy').retry).toBe('later')
  })
})

describe('MeshError', () => {
  it('says its fixed sentence unless it is given another', () => {
    expect(new MeshError('denied').message).toBe('no rule allows this')
    expect(new MeshError('denied', 'alice may not').message).toBe('alice may not')
  })

  it('keeps cause, details and hint', () => {
    const cause = new Error('inner')
    const error = new MeshError('busy', 'x', { cause, details: { a: 1 }, hint: 'wait' })
    expect(error).toMatchObject({ cause, details: { a: 1 }, hint: 'wait', name: 'MeshError' })
    expect(inspect(error)).toContain('MeshError: x')
  })

  it('is told from other errors', () => {
    expect(isMeshError(new MeshError('busy'))).toBe(true)
    expect(isMeshError(new Error('busy'))).toBe(false)
    expect(isErrorCode('busy')).toBe(true)
    expect(isErrorCode('toString')).toBe(false)
  })

  it('wraps what is no MeshError as internal, and passes its own kind through', () => {
    const own = new MeshError('busy')
    const cause = new TypeError('x is not a function')
    expect(asMeshError(own)).toBe(own)
    expect(asMeshError(cause)).toMatchObject({ code: 'internal', cause })
    expect(asMeshError(cause).message).not.toContain('function')
  })
})
