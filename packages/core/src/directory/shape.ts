import * as v from 'valibot'
import { fromUtf8 } from '../bytes.js'
import { MeshError } from '../errors.js'
import { isAgentId } from '../identity/agent-id.js'

/** Parses JSON bytes against a schema; throws 'invalid' naming `what` and the field. */
export function parseShape<S extends v.GenericSchema>(
  schema: S,
  json: Uint8Array,
  what: string,
): v.InferOutput<S> {
  return checkShape(schema, parseJson(json, what), what)
}

export function parseJson(json: Uint8Array, what: string): unknown {
  const text = fromUtf8(json, what)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MeshError('invalid', `${what} is not JSON`, { cause })
  }
}

export function checkShape<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true, message: reasonOf })
  if (result.success) return result.output
  const [{ path = [], message }] = result.issues
  const field = [what, ...path.map(({ key }) => shorten(String(key)))].join('.')
  throw new MeshError('invalid', `${field} ${message}`, { details: { field } })
}

/** Where a schema brings no words of its own: it is about the fields of an object. */
function reasonOf({ expected, received }: v.BaseIssue<unknown>): string {
  if (expected === 'never') return 'is unknown'
  return received === 'undefined' ? 'is missing' : 'is not an object'
}

// A stranger's key may have any length; a message repeats no more of it than this.
function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** A string that `holds` accepts; otherwise the error says what it `must` be. */
export function text(holds: (text: string) => boolean, must: string) {
  return v.pipe(v.string('is not a string'), v.check(holds, must))
}

/** At most `length` characters; line breaks and tabs, but nothing else that steers a terminal. */
export function prose(length: number) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
  const holds = (text: string) => text.length <= length && !steering.test(text)
  return text(holds, `has more than ${length} characters, or control characters`)
}

/** Milliseconds since 1970, or any other count: a safe integer from 0. */
export const count = v.pipe(
  v.number('is not a whole number'),
  v.safeInteger('is not a whole number'),
  v.minValue(0, 'is negative'),
)

export const agentId = v.pipe(v.string('is not a string'), v.guard(isAgentId, 'is not an agent id'))
