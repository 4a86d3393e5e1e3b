// How a command ends: one table of exit codes (core/errors), one shape of error. Whatever was
// thrown, a person reads a sentence and a way on, a script reads a code; nobody reads a stack.
import { exitCode, isMeshError, MeshError } from '@agent-mesh/core'
import { hintFor } from './hints.js'
import { systemReason } from './home/private-file.js'
import { type Io, OutputLost, Stopped } from './io.js'
import { printable } from './printable.js'

/** Writes the error to stderr. @returns the exit code */
export function reportFailure(io: Io, thrown: unknown, { json }: { json: boolean }): number {
  const cause: unknown = io.signal.aborted ? io.signal.reason : thrown
  // `meshctl … | head -1`: nobody wants the rest, which is no failure.
  if (cause instanceof OutputLost && cause.code === 'EPIPE') return 0
  const error = failureOf(cause)
  const message = printable(error.message)
  const advice = error.hint ?? hintFor(error.code)
  const hint = advice === undefined ? undefined : printable(advice)
  if (json) {
    const { code, retry } = error
    const document = { error: { code, message, hint: hint ?? null, retry } }
    io.stderr.write(`${JSON.stringify(document)}\n`)
  } else {
    io.stderr.write(`error: ${error.code}: ${message}\n`)
    if (hint !== undefined) io.stderr.write(`hint:  ${hint}\n`)
  }
  return exitCode(error.code)
}

function failureOf(thrown: unknown): MeshError {
  if (isMeshError(thrown)) return thrown
  if (thrown instanceof Stopped) return new MeshError('canceled', thrown.message)
  if (thrown instanceof OutputLost) {
    return new MeshError('config', `the output cannot be written: ${systemReason(thrown.code)}`)
  }
  // Nobody foresaw this one, so its own first line is the best clue there is.
  const [line = ''] = thrown instanceof Error ? thrown.message.split('\n') : [typeof thrown]
  const name = thrown instanceof Error ? thrown.name : 'not an error'
  const message = `this is a fault in meshctl (${name}: ${line})`
  return new MeshError('internal', message, { cause: thrown })
}
