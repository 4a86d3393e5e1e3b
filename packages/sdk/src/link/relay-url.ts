import { feedPath, isLoopbackHost } from '@agent-mesh/api'
import { MeshError, relayPath } from '@agent-mesh/core'

/** Where a server's parts are reached, all from the one URL a person gives. */
export interface ServerUrls {
  /** Without trailing slash; also the HTTP origin that signatures name. */
  readonly base: string
  readonly relay: string
  readonly feed: string
}

/**
 * Reads a server's base URL.
 * @throws MeshError `config` for anything but http(s), and for http to other than this machine
 * unless `insecure`: tokens and admissions would cross the network in the open.
 */
export function serverUrls(server: string, insecure: boolean): ServerUrls {
  const url = parse(server, 'the server')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new MeshError('config', `the server's URL must begin with http:// or https://: ${server}`)
  }
  requireSecure(url, insecure)
  const base = (url.origin + url.pathname).replace(/\/+$/, '')
  const socketBase = base.replace(/^http/, 'ws')
  return { base, relay: socketBase + relayPath, feed: socketBase + feedPath }
}

/**
 * A relay's URL that may be dialled.
 * @throws MeshError `config` as `serverUrls` does.
 */
export function checkRelayUrl(relayUrl: string, insecure: boolean): string {
  const url = parse(relayUrl, 'the relay')
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new MeshError('config', `a relay's URL begins with ws:// or wss://: ${relayUrl}`)
  }
  requireSecure(url, insecure)
  return url.href
}

function parse(text: string, what: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new MeshError('config', `${what} has no valid URL: ${text}`, { cause })
  }
}

function requireSecure(url: URL, insecure: boolean): void {
  const open = url.protocol === 'http:' || url.protocol === 'ws:'
  if (!open || insecure || isLoopbackHost(url.hostname)) return
  const secure = url.protocol === 'http:' ? 'https' : 'wss'
  throw new MeshError('config', `${url.origin} is not encrypted and not on this machine`, {
    hint: `use ${secure}://${url.host}, or allow it with the insecure option`,
  })
}
