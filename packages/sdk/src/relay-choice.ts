import { relayOrigin } from '@agent-mesh/core'
import { checkRelayUrl } from './link/relay-url.js'

export interface RelayChoice {
  /** The relay at the server's own address, as we dialled it. */
  readonly own: string
  /** What the registry names. */
  readonly listed: readonly string[]
  /** The names under which the server may be dialled. */
  readonly origins: readonly string[]
  readonly insecure: boolean
}

/**
 * Which relays to dial, the preferred one first. Where the server is a relay itself, the way we
 * reached it is better than any name it has for itself: there may be a tunnel in between.
 */
export function chooseRelays({ own, listed, origins, insecure }: RelayChoice): readonly string[] {
  const names = new Set(origins.map(originOf))
  const allowed = listed.filter((url) => isAllowed(url, insecure))
  const serverIsRelay = allowed.some((url) => names.has(originOf(url)))
  if (allowed.length === 0 || (serverIsRelay && names.has(originOf(own)))) {
    return [own, ...allowed.filter((url) => !names.has(originOf(url)))]
  }
  return allowed
}

function originOf(url: string): string | undefined {
  try {
    return relayOrigin(url)
  } catch {
    return undefined
  }
}

function isAllowed(url: string, insecure: boolean): boolean {
  try {
    checkRelayUrl(url, insecure)
    return true
  } catch {
    return false
  }
}
