import { MeshError } from '../errors.js'

const wsScheme: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
}

/**
 * The WebSocket origin of a relay's or server's URL: scheme, host and port as the URL standard
 * spells them (`ws://127.0.0.1:8080`; a default port is left out). Both ends put names through
 * here, so the text under the login signature has one spelling. http counts as ws.
 *
 * @throws MeshError `invalid`
 */
export function relayOrigin(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const scheme = parsed && wsScheme[parsed.protocol]
  if (!parsed || !scheme) {
    throw new MeshError('invalid', `not the URL of a relay (ws, wss, http or https): ${url}`)
  }
  return new URL(`${scheme}//${parsed.host}`).origin
}
