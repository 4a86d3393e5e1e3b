/**
 * Errors over HTTP: RFC 9457 `application/problem+json` with our `code`. A remote gets the code, a
 * plain sentence and the details a caller may act on; causes and stacks stay here.
 */
import {
  type ErrorCode,
  errorSentence,
  httpStatus,
  isErrorCode,
  isMeshError,
  MeshError,
} from '@agent-mesh/core'
import * as v from 'valibot'
import { finite, mapOf } from './values.js'

export const problemType = 'application/problem+json'

export const problemSchema = v.object({
  type: v.optional(v.string()),
  title: v.optional(v.string()),
  status: v.optional(finite),
  detail: v.optional(v.string()),
  code: v.string(),
  hint: v.optional(v.string()),
  details: v.optional(mapOf(v.unknown())),
})

export type Problem = v.InferOutput<typeof problemSchema>

/**
 * The problem document of any error. Whatever is not a `MeshError`, and every `internal` one, is
 * told as `internal` with a fixed sentence: its own words may hold a path or a statement.
 */
export function toProblem(error: unknown): Problem {
  const known = isMeshError(error) && error.code !== 'internal' ? error : undefined
  const code: ErrorCode = known?.code ?? 'internal'
  return {
    type: 'about:blank',
    title: code,
    status: httpStatus(code),
    detail: known?.message ?? errorSentence('internal'),
    code,
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(known?.details === undefined ? {} : { details: known.details }),
  }
}

/** The problem document as a response. */
export function problemResponse(error: unknown): Response {
  const problem = toProblem(error)
  const headers = new Headers({ 'content-type': problemType, 'cache-control': 'no-store' })
  const waitMs = problem.details?.['retryAfterMs']
  if (typeof waitMs === 'number') headers.set('retry-after', String(Math.ceil(waitMs / 1000)))
  // RFC 9110 §15.5.2: a 401 says which scheme would help.
  if (problem.status === 401) headers.set('www-authenticate', 'Bearer')
  return new Response(JSON.stringify(problem), { status: problem.status ?? 500, headers })
}

/** The error a problem document stands for; `undefined` when the value is not one of ours. */
export function fromProblem(value: unknown): MeshError | undefined {
  const parsed = v.safeParse(problemSchema, value)
  if (!parsed.success) return undefined
  const { code, detail, title, hint, details } = parsed.output
  if (!isErrorCode(code)) return undefined
  return new MeshError(code, detail ?? title, { hint, details })
}
