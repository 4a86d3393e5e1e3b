// Every failure the mesh can speak of has one row here. A failure keeps its code at every hop:
// core → packet → api/problem → meshctl/exit.

export type Retry = 'never' | 'now' | 'later'

interface ErrorRow {
  /** The number in a reset or an undeliverable notice: one byte, never reused. */
  readonly wire: number
  /** The exit code of a command. */
  readonly exit: number
  /** The HTTP status of a problem document. */
  readonly http: number
  /**
   * Whether repeating the same request may help, and when. 'never' also stands where the request
   * may already have run: only the capability's owner knows whether running twice is harmless.
   */
  readonly retry: Retry
  /** What a remote is told; it says nothing of our internals. */
  readonly sentence: string
}

const rows = {
  internal: {
    wire: 1,
    exit: 1,
    http: 500,
    retry: 'never',
    sentence: 'something broke inside; the log of the process says what',
  },
  usage: {
    wire: 2,
    exit: 2,
    http: 400,
    retry: 'never',
    sentence: 'the command was not used as it is meant to be',
  },
  config: {
    wire: 3,
    exit: 3,
    http: 500,
    retry: 'never',
    sentence: 'the configuration does not allow this',
  },
  'not-logged-in': {
    wire: 4,
    exit: 4,
    http: 401,
    retry: 'never',
    sentence: 'nobody is logged in',
  },
  'login-refused': {
    wire: 5,
    exit: 4,
    http: 401,
    retry: 'never',
    sentence: 'the login was refused',
  },
  'unknown-agent': {
    wire: 6,
    exit: 5,
    http: 404,
    retry: 'never',
    sentence: 'no agent of that name or id is in view',
  },
  ambiguous: {
    wire: 7,
    exit: 5,
    http: 409,
    retry: 'never',
    sentence: 'more than one agent fits',
  },
  denied: { wire: 8, exit: 6, http: 403, retry: 'never', sentence: 'no rule allows this' },
  revoked: { wire: 9, exit: 6, http: 403, retry: 'never', sentence: 'the agent was revoked' },
  'pin-mismatch': {
    wire: 10,
    exit: 6,
    http: 409,
    retry: 'never',
    sentence: 'the name belongs to another key than before',
  },
  unreachable: {
    wire: 11,
    exit: 7,
    http: 502,
    retry: 'later',
    sentence: 'no way leads to the agent',
  },
  offline: { wire: 12, exit: 7, http: 503, retry: 'later', sentence: 'the agent is offline' },
  'registry-unreachable': {
    wire: 13,
    exit: 7,
    http: 503,
    retry: 'later',
    sentence: 'the registry cannot be reached',
  },
  timeout: {
    wire: 14,
    exit: 8,
    http: 504,
    retry: 'never',
    sentence: 'no answer came before the deadline',
  },
  pending: {
    wire: 15,
    exit: 8,
    http: 202,
    retry: 'later',
    sentence: 'the answer is still to come',
  },
  'handler-failed': {
    wire: 16,
    exit: 9,
    http: 502,
    retry: 'never',
    sentence: 'the agent could not handle the call',
  },
  busy: { wire: 17, exit: 10, http: 503, retry: 'later', sentence: 'the other side is busy' },
  congested: {
    wire: 18,
    exit: 10,
    http: 429,
    retry: 'later',
    sentence: 'too much is under way already',
  },
  'too-large': { wire: 19, exit: 10, http: 413, retry: 'never', sentence: 'it is too large' },
  'store-full': { wire: 20, exit: 10, http: 507, retry: 'later', sentence: 'the store is full' },
  interrupted: {
    wire: 21,
    exit: 11,
    http: 502,
    retry: 'never',
    sentence: 'the other process ended during the call; whether it ran is unknown',
  },
  canceled: { wire: 22, exit: 130, http: 499, retry: 'never', sentence: 'the call was canceled' },
  invalid: { wire: 23, exit: 2, http: 400, retry: 'never', sentence: 'the input is malformed' },
  'not-found': { wire: 24, exit: 5, http: 404, retry: 'never', sentence: 'it does not exist' },
  'name-taken': {
    wire: 25,
    exit: 2,
    http: 409,
    retry: 'never',
    sentence: 'another key holds this name',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof rows

const table: Readonly<Record<ErrorCode, ErrorRow>> = rows

/** Every code, in the order of their wire numbers. */
export const errorCodes = Object.freeze(Object.keys(rows)) as readonly ErrorCode[]

const codeOfWire = new Map(errorCodes.map((code) => [table[code].wire, code]))

export interface MeshErrorOptions {
  readonly cause?: unknown
  /** What a caller may need to act on the failure. Crosses the wire, so it holds no secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  /** One command or sentence that helps. Local only. */
  readonly hint?: string | undefined
}

/** The one error of the mesh. Callers branch on `code`, never on the message. */
export class MeshError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>> | undefined
  hint: string | undefined

  constructor(code: ErrorCode, message?: string, options: MeshErrorOptions = {}) {
    super(
      message ?? table[code].sentence,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.details = options.details
    this.hint = options.hint
  }

  /** Whether repeating the same request may help, and when. */
  get retry(): Retry {
    return table[this.code].retry
  }
}
// On the prototype, so that an error's own fields are only what differs from error to error.
Object.defineProperty(MeshError.prototype, 'name', { value: 'MeshError', configurable: true })

export function isMeshError(value: unknown): value is MeshError {
  return value instanceof MeshError
}

/** Passes a MeshError through and wraps anything else as `internal`, keeping it as the cause. */
export function asMeshError(value: unknown): MeshError {
  if (isMeshError(value)) return value
  return new MeshError('internal', undefined, { cause: value })
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(rows, value)
}

/** The fixed sentence that a remote is told with `code`. */
export function errorSentence(code: ErrorCode): string {
  return table[code].sentence
}

/** The one-byte number of `code` on the wire. */
export function wireNumber(code: ErrorCode): number {
  return table[code].wire
}

/** What a wire number and its details mean; a number we do not know is `internal`. */
export function errorFromWire(
  number: number,
  details?: Readonly<Record<string, unknown>>,
): MeshError {
  const code = codeOfWire.get(number) ?? 'internal'
  return new MeshError(code, undefined, { details })
}

export function exitCode(code: ErrorCode): number {
  return table[code].exit
}

export function httpStatus(code: ErrorCode): number {
  return table[code].http
}

export function retryOf(code: ErrorCode): Retry {
  return table[code].retry
}
