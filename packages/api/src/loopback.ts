/**
 * Whether a URL's host can only be this machine. `localhost` counts (RFC 6761 §6.3); a name that
 * merely resolves to 127.0.0.1 does not, because the resolver may say something else tomorrow.
 */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  if (host === '[::1]' || host === '::1') return true
  return /^127(\.\d{1,3}){3}$/.test(host)
}
