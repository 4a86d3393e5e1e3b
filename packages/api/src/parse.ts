/** The door: a value from outside becomes a checked type, or `invalid` naming the field. */
import { MeshError } from '@agent-mesh/core'
import * as z from 'zod/mini'

/** @throws MeshError `invalid`, naming the first field that does not fit: `body.card.signature`. */
export function parse<S extends z.ZodMiniType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> {
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = fieldOf(what, issue)
  const reason = issue === undefined ? 'does not fit' : reasonOf(issue, value)
  throw new MeshError('invalid', `${field}: ${reason}`, { details: { field, reason } })
}

/** @throws MeshError `invalid` when `text` is not JSON or does not fit. */
export function parseJson<S extends z.ZodMiniType>(
  schema: S,
  text: string,
  what: string,
): z.output<S> {
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

type Issue = z.core.$ZodIssue

function fieldOf(what: string, issue: Issue | undefined): string {
  const path = [what, ...(issue?.path ?? []).map(String)]
  if (issue?.code === 'unrecognized_keys') path.push(String(issue.keys[0]))
  // A hostile body may have a key of any length; the message repeats at most this much of it.
  return path.map((part) => (part.length > 60 ? `${part.slice(0, 60)}…` : part)).join('.')
}

function reasonOf(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return at(value, issue.path) === undefined
        ? 'is missing'
        : `must be of type ${issue.expected}`
    case 'unrecognized_keys':
      return 'is not a field of this request'
    case 'too_big':
      return `must be at most ${issue.maximum}${unit(issue.origin)}`
    case 'too_small':
      return `must be at least ${issue.minimum}${unit(issue.origin)}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'custom':
      return issue.message ?? 'does not fit'
    default:
      return 'does not fit'
  }
}

/** What stands at `path` in `value`. Only own properties: a body must not reach a prototype. */
function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = Reflect.get(here, key)
  }
  return here
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' ? ' entries' : ''
}
