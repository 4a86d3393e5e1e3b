import { errorCodes, exitCode, MeshError } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { fakeIo } from '../test/fake-io.js'
import { reportFailure } from './exit.js'

describe('a failure', () => {
  it.each(errorCodes)('%s has its exit code', (code) => {
    const { io } = fakeIo()
    expect(reportFailure(io, new MeshError(code, 'x'), { json: false })).toBe(exitCode(code))
  })

  it('is a sentence and a way on', () => {
    const fake = fakeIo()
    reportFailure(fake.io, new MeshError('denied', 'no', { hint: 'meshctl acl' }), { json: false })
    expect(fake.stderr).toBe('error: denied: no\nhint:  meshctl acl\n')
  })

  it('is one line of JSON with --json', () => {
    const fake = fakeIo()
    reportFailure(fake.io, new MeshError('busy', 'later'), { json: true })
    expect(fake.stderr).toBe(
      '{"error":{"code":"busy","message":"later","hint":null,"retry":"later"}}\n',
    )
  })

  it('of our own making is internal, in one line without a stack', () => {
    const fake = fakeIo()
    const fault = new TypeError('x is undefined\n    at f (file.js:1:1)')
    expect(reportFailure(fake.io, fault, { json: false })).toBe(1)
    expect(fake.stderr).toBe(
      'error: internal: this is a fault in meshctl (TypeError: x is undefined)\n',
    )
  })

  it('after Ctrl-C is the cancel, whatever it looked like', () => {
    const fake = fakeIo()
    fake.interrupt()
    expect(reportFailure(fake.io, new Error('socket hang up'), { json: false })).toBe(130)
    expect(fake.stderr).toBe('error: canceled: stopped by you\n')
  })

  it('cannot steer the terminal with what a remote said', () => {
    const fake = fakeIo()
    reportFailure(fake.io, new MeshError('handler-failed', 'a\u001b[2J\nb'), { json: false })
    expect(fake.stderr).toBe('error: handler-failed: a\ufffd[2J\ufffdb\n')
  })
})
