import { MeshError } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { nameCallError } from './call-errors.js'

const names = { caller: 'alice', target: 'bob', capability: 'echo' }

describe('the error of a call', () => {
  it('says who may not call what on whom, and how to allow it', () => {
    const error = new MeshError('denied', undefined, { details: { by: 'default' } })
    expect(nameCallError(error, names)).toMatchObject({
      code: 'denied',
      message: 'alice may not call echo on bob (no rule allows it; default is deny)',
      hint: 'meshctl acl allow --from alice --to bob --capability echo',
    })
  })

  it('tells a rule that denies from the lack of one', () => {
    const error = new MeshError('denied', undefined, { details: { by: 'rule' } })
    expect(nameCallError(error, names).message).toContain('a rule denies it')
  })

  it('does not send anyone to make a rule that is there', () => {
    const error = new MeshError('denied', undefined, { details: { by: 'default' } })
    expect(nameCallError(error, { ...names, isAllowedByRegistry: true })).toMatchObject({
      message:
        'alice may not call echo on bob (the registry allows it, but the machine of bob goes by its own rules)',
      hint: 'on that machine:  meshctl acl allow --local --from alice --to bob --capability echo',
    })
  })

  it('gives the reason why nobody can be reached, where it is known', () => {
    const error = new MeshError('unreachable', 'x')
    const problem = 'the registry at 127.0.0.1:9 refuses connections'
    expect(nameCallError(error, { ...names, problem })).toMatchObject({
      message: `alice cannot reach bob: ${problem}`,
      hint: 'meshctl status shows every link',
    })
    expect(nameCallError(error, names).message).toBe('no relay leads from alice to bob now')
  })

  it.each([
    [{ exitCode: 3, stderr: 'first\nlast line\n' }, 'exit code 3: last line'],
    [{ signal: 'SIGKILL', stderr: '' }, 'ended by SIGKILL'],
    [{ status: 500, body: 'oops' }, 'its program answered with status 500: oops'],
    [{ program: '/x/agent', reason: 'no such file' }, '/x/agent: no such file'],
    [{ reason: 'its answer was cut off' }, 'its answer was cut off'],
    [{ exitCode: 'x', stderr: 3, status: {} }, 'bob could not handle echo'],
    [undefined, 'bob could not handle echo'],
  ])('tells what the far program said: %j', (details, sentence) => {
    const error = new MeshError('handler-failed', undefined, { details })
    const named = nameCallError(error, names)
    expect(named.message).toContain(sentence)
    expect(named.details).toEqual(details)
  })

  it('leaves what it has no better words for', () => {
    const error = new MeshError('timeout', 'no answer within 5 ms', { hint: 'h' })
    expect(nameCallError(error, names)).toMatchObject({
      code: 'timeout',
      message: 'no answer within 5 ms',
      hint: 'h',
    })
  })
})
