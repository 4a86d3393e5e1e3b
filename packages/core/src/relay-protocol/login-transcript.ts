import { concat, utf8 } from '../bytes.js'

export interface LoginTranscript {
  relayNonce: Uint8Array
  clientNonce: Uint8Array
  instance: Uint8Array
  origin: string
}

/** What a login signs under `relay-login` (docs/protocol.md §3). The fields before the origin have
 * fixed lengths, so no two logins share a transcript. */
export function loginTranscript(login: LoginTranscript): Uint8Array {
  return concat(login.relayNonce, login.clientNonce, login.instance, utf8(login.origin))
}
