import * as z from 'zod/mini'
import { fromUtf8 } from '../bytes.js'
import { MeshError } from '../errors.js'
import { type AgentId, parseAgentId } from '../identity/agent-id.js'

/** Parses JSON bytes against a schema; throws 'invalid' naming `what` and the field. */
export function parseShape<S extends z.ZodMiniType>(
  schema: S,
  json: Uint8Array,
  what: string,
): z.output<S> {
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

export function checkShape<S extends z.ZodMiniType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> {
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const field = [what, ...(issue?.path ?? []), ...keys].map((key) => shorten(String(key))).join('.')
  const reason = keys.length > 0 ? 'is unknown' : (issue?.message ?? 'does not fit')
  throw new MeshError('invalid', `${field} ${reason}`, { details: { field } })
}

// A stranger's key may have any length; a message repeats no more of it than this.
function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** A string that `holds` accepts; otherwise the error says what it `must` be. */
export function text(holds: (text: string) => boolean, must: string) {
  return z.string({ error: 'is not a string' }).check(z.refine(holds, { error: must }))
}

/** At most `length` characters; line breaks and tabs, but nothing else that steers a terminal. */
export function prose(length: number) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
  const holds = (text: string) => text.length <= length && !steering.test(text)
  return text(holds, `has more than ${length} characters, or control characters`)
}

/** Milliseconds since 1970, or any other count: a safe integer from 0. */
export const count = z
  .int({ error: 'is not a whole number' })
  .check(z.minimum(0, { error: 'is negative' }))

export const agentId = z.pipe(
  z.string({ error: 'is not a string' }),
  z.transform((value, context): AgentId => {
    try {
      return parseAgentId(value)
    } catch {
      context.issues.push({ code: 'custom', input: value, message: 'is not an agent id' })
      return z.NEVER
    }
  }),
)
