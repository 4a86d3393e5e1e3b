import { type Clock, signedToText, toBase64url } from '@agent-mesh/core'
import type { Handlers } from '../app.js'
import type { Admissions } from '../directory/admissions.js'
import type { Nonces } from '../nonces.js'

export interface AdmissionRouteParts {
  readonly admissions: Admissions
  readonly nonces: Nonces
  readonly clock: Clock
}

export function admissionRoutes({
  admissions,
  nonces,
  clock,
}: AdmissionRouteParts): Pick<Handlers, 'nonce' | 'admission'> {
  return {
    nonce: () => ({ nonce: toBase64url(nonces.issue(clock.now())) }),
    admission: ({ body }) => ({ admission: signedToText(admissions.issue(body).signed) }),
  }
}
