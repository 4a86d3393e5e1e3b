import { fromUtf8, utf8 } from '../bytes.js'
import { MeshError } from '../errors.js'
import { maxCapabilityLength } from '../limits.js'
import { maxHeaderBytes } from './limits.js'

// The headers of a call and of its answer: UTF-8 JSON of at most 8 KiB (docs/protocol.md §4.2).
// Fields that we do not know are dropped: a later version may say more.

export interface CallHeader {
  readonly capability: string
  /** 16 random bytes in base64url, 22 characters: the call is the same wherever it turns up. */
  readonly call: string
  /** Content type of the request. */
  readonly type?: string
  /** Milliseconds that the caller will still wait. */
  readonly deadline?: number
  /** W3C traceparent. */
  readonly trace?: string
  readonly meta?: Readonly<Record<string, string>>
  /** base64url of the incarnation the call was first sent to. The Endpoint fills it in. */
  readonly incarnation?: string
}

export interface AnswerHeader {
  /** Content type of the answer. */
  readonly type?: string
  readonly meta?: Readonly<Record<string, string>>
}

const callPattern = /^[A-Za-z0-9_-]{21}[AQgw]$/
const maxTextLength = 1_024

/** The header's JSON; throws 'too-large' above 8 KiB. */
export function encodeHeader(header: CallHeader | AnswerHeader): Uint8Array {
  const bytes = utf8(JSON.stringify(header))
  if (bytes.length > maxHeaderBytes) {
    throw new MeshError('too-large', `the call header has ${bytes.length} bytes`, {
      details: { maxBytes: maxHeaderBytes },
    })
  }
  return bytes
}

/** Throws 'invalid' naming the field. */
export function decodeCallHeader(bytes: Uint8Array): CallHeader {
  const json = objectOf(bytes)
  const capability = text(json, 'capability', maxCapabilityLength)
  const call = text(json, 'call', 22)
  if (capability === undefined || capability === '') throw malformed('capability')
  if (call === undefined || !callPattern.test(call)) throw malformed('call')
  const { deadline } = json
  if (deadline !== undefined && !(typeof deadline === 'number' && deadline >= 0)) {
    throw malformed('deadline')
  }
  const trace = text(json, 'trace', maxTextLength)
  const incarnation = text(json, 'incarnation', 22)
  return {
    capability,
    call,
    ...decodeCommon(json),
    ...(deadline === undefined ? {} : { deadline }),
    ...(trace === undefined ? {} : { trace }),
    ...(incarnation === undefined ? {} : { incarnation }),
  }
}

/** Throws 'invalid' naming the field. */
export function decodeAnswerHeader(bytes: Uint8Array): AnswerHeader {
  return decodeCommon(objectOf(bytes))
}

/** The JSON object of a reset's detail; what is not one is no detail. */
export function decodeDetail(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return bytes.length === 0 ? undefined : objectOf(bytes)
  } catch {
    return undefined
  }
}

function decodeCommon(json: Record<string, unknown>): AnswerHeader {
  const type = text(json, 'type', maxTextLength)
  const { meta } = json
  if (meta !== undefined && !isTextRecord(meta)) throw malformed('meta')
  return { ...(type === undefined ? {} : { type }), ...(meta === undefined ? {} : { meta }) }
}

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(bytes, 'header'))
  } catch (cause) {
    throw new MeshError('invalid', 'the header is not JSON', { cause })
  }
  if (!isRecord(value)) throw malformed('header')
  return value
}

function text(json: Record<string, unknown>, field: string, maxLength: number): string | undefined {
  const value = json[field]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.length > maxLength) throw malformed(field)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string')
}

function malformed(field: string): MeshError {
  return new MeshError('invalid', `the header's ${field} is not valid`, {
    details: { field },
  })
}
