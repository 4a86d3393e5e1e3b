import { MeshError } from '@agent-mesh/core'

/** Who wanted what of whom, in the words of the caller's own view. */
export interface CallNames {
  readonly caller: string
  readonly target: string
  readonly capability: string
  /** Why the caller itself is not online, if it is not. */
  readonly problem?: string | undefined
  /** A rule of the registry allows the call, as far as the caller can see. */
  readonly isAllowedByRegistry?: boolean
}

type Wording = (names: CallNames, details: Readonly<Record<string, unknown>>) => Words

interface Words {
  readonly message: string
  readonly hint?: string
}

const wordings: Partial<Record<MeshError['code'], Wording>> = {
  denied({ caller, target, capability, isAllowedByRegistry }, { by }) {
    const question = `--from ${caller} --to ${target} --capability ${capability}`
    const [reason, hint] =
      by === 'rule'
        ? ['a rule denies it', `meshctl acl test ${question}`]
        : isAllowedByRegistry === true
          ? [
              `the registry allows it, but the machine of ${target} goes by its own rules`,
              `on that machine:  meshctl acl allow --local ${question}`,
            ]
          : ['no rule allows it; default is deny', `meshctl acl allow ${question}`]
    return { message: `${caller} may not call ${capability} on ${target} (${reason})`, hint }
  },
  unreachable: ({ caller, target, problem }) => ({
    message: problem
      ? `${caller} cannot reach ${target}: ${problem}`
      : `no relay leads from ${caller} to ${target} now`,
    hint: 'meshctl status shows every link',
  }),
  'unknown-agent': ({ caller, target }) => ({
    message: `${caller} sees no agent "${target}"`,
    hint: 'meshctl discover',
  }),
  revoked: ({ caller, target }, details) => ({
    message: `the key of ${details['target'] === undefined ? caller : target} was revoked`,
  }),
  offline: ({ target }) => ({
    message: `${target} is offline`,
    hint: 'wait for it with --wait 1m, or look at meshctl discover',
  }),
  interrupted: ({ target }) => ({
    message: `the process of ${target} ended during the call; whether it ran is unknown`,
  }),
  'not-found': ({ target, capability }) => ({
    message: `${target} offers no ${capability}`,
    hint: `meshctl show ${target}`,
  }),
  'handler-failed': ({ target, capability }, details) => ({
    message: `${target} could not handle ${capability}${failureOf(details)}`,
  }),
  busy: ({ target }) => ({
    message: `${target} has as many calls as it takes`,
    hint: 'try again in a moment',
  }),
}

/** The error of a call as its caller reads it: the same code and details, with the names involved. */
export function nameCallError(error: MeshError, names: CallNames): MeshError {
  const { message, hint } = wordings[error.code]?.(names, error.details ?? {}) ?? error
  return new MeshError(error.code, message, {
    cause: error,
    details: error.details,
    hint: hint ?? error.hint,
  })
}

/** What the far daemon tells of its program (local-agents/): only what came as the right type. */
function failureOf(details: Readonly<Record<string, unknown>>): string {
  const { exitCode, signal, stderr, status, body, program, reason } = details
  if (typeof exitCode === 'number') return `: exit code ${exitCode}${quote(stderr)}`
  if (typeof signal === 'string') return `: ended by ${signal}${quote(stderr)}`
  if (typeof status === 'number')
    return `: its program answered with status ${status}${quote(body)}`
  if (typeof program === 'string') return `: ${program}: ${String(reason)}`
  return typeof reason === 'string' ? `: ${reason}` : ''
}

const maxQuoteLength = 200

/** The last line says most; all of it is in the details. */
function quote(text: unknown): string {
  const line = typeof text === 'string' ? text.trim().split('\n').at(-1) : undefined
  if (!line) return ''
  return `: ${line.length > maxQuoteLength ? `${line.slice(0, maxQuoteLength)}…` : line}`
}
