import type { AddressInfo } from 'node:net'
import type { ServerConfig } from './config.js'

export interface Names {
  /** The base URL to tell people and scripts, without trailing slash. */
  readonly url: string
  /** Every origin under which signatures are accepted. */
  readonly origins: readonly string[]
}

/** How this server is called, once it is known which port it got. */
export function namesOf(config: ServerConfig, bound: AddressInfo): Names {
  const scheme = config.tls === undefined ? 'http' : 'https'
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  // Through URL, so that a default port is left out, as it is in every client's origin.
  const { origin } = new URL(`${scheme}://${host}:${bound.port}`)
  const { origin: localhost } = new URL(`${scheme}://localhost:${bound.port}`)
  const [firstPublic] = config.publicOrigins
  if (firstPublic === undefined) return { url: origin, origins: [origin, localhost] }
  const isLoopback = bound.address === '::1' || bound.address.startsWith('127.')
  return { url: isLoopback ? origin : firstPublic, origins: config.publicOrigins }
}
