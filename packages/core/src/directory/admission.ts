import * as v from 'valibot'
import type { Crypto } from '../crypto.js'
import { MeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import { maxAdmissionBytes, maxAdmissionGroups, maxAdmissionMs, maxClockSkewMs } from '../limits.js'
import {
  copySigned,
  type DocumentKind,
  openDocument,
  type SignedBytes,
  signDocument,
} from './document.js'
import { isName, nameRule } from './names.js'
import { agentId, count, parseShape, text } from './shape.js'

const groups = v.pipe(
  v.array(text(isName, nameRule), 'is not a list'),
  v.maxLength(maxAdmissionGroups, `has more than ${maxAdmissionGroups}`),
)

const body = v.strictObject({
  v: v.literal(1, 'is not 1'),
  id: agentId,
  registry: agentId,
  groups,
  foreign: groups,
  notBefore: count,
  notAfter: count,
})

const kind: DocumentKind<typeof body> = {
  name: 'admission',
  context: 'admission',
  schema: body,
  maxBytes: maxAdmissionBytes,
}

export interface AdmissionStatement {
  /** Who is let in. */
  readonly id: AgentId
  /** The agent's groups. */
  readonly groups: readonly string[]
  /** Groups that the agent may reach into without belonging to them. */
  readonly foreign: readonly string[]
  /** Milliseconds since 1970: valid from `notBefore` to just before `notAfter`, an hour at most. */
  readonly notBefore: number
  readonly notAfter: number
}

declare const verified: unique symbol

/** An admission whose registry's signature and dates were verified. */
export interface Admission extends AdmissionContents {
  readonly [verified]: true
}

interface AdmissionContents extends AdmissionStatement {
  /** The registry's admission key. */
  readonly registry: AgentId
  /** The document as signed: to show at login. */
  readonly signed: SignedBytes
}

/** Signs with the registry's admission key; throws 'invalid' for what no relay would take. */
export function signAdmission(registry: Keypair, statement: AdmissionStatement): Admission {
  const lifeMs = statement.notAfter - statement.notBefore
  if (lifeMs <= 0 || lifeMs > maxAdmissionMs) {
    throw new MeshError('invalid', 'an admission is valid for more than nothing and at most 1 h')
  }
  const signed = signDocument(kind, registry, { v: 1, registry: registry.id, ...statement })
  return admissionOf(parseShape(body, signed.json, kind.name), signed)
}

export interface AdmissionCheck {
  /** The admission key of the registry the verifier trusts. */
  readonly registry: AgentId
  /** Milliseconds since 1970. */
  readonly nowWall: number
}

/**
 * Throws 'login-refused' where the registry did not sign it or it is not valid now, 'invalid'
 * where the registry signed what is no admission. Who shows it must still prove to be its `id`.
 */
export function verifyAdmission(
  crypto: Crypto,
  signed: SignedBytes,
  { registry, nowWall }: AdmissionCheck,
): Admission {
  const statement = openDocument(kind, crypto, registry, signed)
  if (statement === undefined || statement.registry !== registry) {
    throw refused('the registry did not sign this admission')
  }
  // A clock behind the registry's must not make an admission longer than it is, so the skew is
  // allowed for at its beginning, and at its end only in judging how far away that may be.
  if (nowWall >= statement.notAfter) throw refused('the admission has run out')
  if (nowWall + maxClockSkewMs < statement.notBefore) throw refused('the admission begins later')
  if (statement.notAfter - nowWall > maxAdmissionMs + maxClockSkewMs) {
    throw refused('the admission is valid for too long')
  }
  return admissionOf(statement, copySigned(signed))
}

function admissionOf(
  { v: _, ...statement }: v.InferOutput<typeof body>,
  signed: SignedBytes,
): Admission {
  const contents: AdmissionContents = { ...statement, signed }
  return contents as Admission
}

function refused(message: string): MeshError {
  return new MeshError('login-refused', message)
}
