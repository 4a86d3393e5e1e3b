/** The door: a value from outside becomes a checked type, or `invalid` naming the field. */
import { MeshError } from '@agent-mesh/core'
import * as v from 'valibot'

/** @throws MeshError `invalid`, naming the first field that does not fit: `body.card.signature`. */
export function parse<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true, message: reasonOf })
  if (result.success) return result.output
  const [{ path = [], message: reason }] = result.issues
  const field = [what, ...path.map(({ key }) => shorten(String(key)))].join('.')
  throw new MeshError('invalid', `${field}: ${reason}`, { details: { field, reason } })
}

/** @throws MeshError `invalid` when `text` is not JSON or does not fit. */
export function parseJson<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
): v.InferOutput<S> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const reason = 'is not JSON'
    throw new MeshError('invalid', `${what}: ${reason}`, {
      cause,
      details: { field: what, reason },
    })
  }
  return parse(schema, value, what)
}

// A hostile body may have a key of any length; the message repeats at most this much of it.
function shorten(key: string): string {
  return key.length > 60 ? `${key.slice(0, 60)}…` : key
}

/** Where the schema brings no words of its own. */
function reasonOf(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === 'never') return 'is not a field of this request'
  if (issue.received === 'undefined') return 'is missing'
  switch (issue.type) {
    case 'length':
      return `must be ${String(issue.requirement)}${unit(issue.input)}`
    case 'max_length':
    case 'max_value':
      return `must be at most ${String(issue.requirement)}${unit(issue.input)}`
    case 'min_length':
    case 'min_value':
      return `must be at least ${String(issue.requirement)}${unit(issue.input)}`
    case 'safe_integer':
      return 'must be a whole number'
    case 'picklist':
    case 'literal':
      return `must be one of ${issue.expected?.replaceAll(/[()"]/g, '').replaceAll(' | ', ', ')}`
    case 'union':
    case 'variant':
    case 'regex':
      return 'does not fit'
    default:
      return `must be of type ${issue.expected?.toLowerCase()}`
  }
}

function unit(input: unknown): string {
  if (typeof input === 'string') return ' characters'
  return Array.isArray(input) ? ' entries' : ''
}
