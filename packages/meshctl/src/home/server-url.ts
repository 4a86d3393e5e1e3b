import { type ErrorCode, MeshError } from '@agent-mesh/core'

/**
 * A server's base URL in its one spelling: http or https, no trailing slash, no query.
 *
 * @param what the flag or setting it was given to, named in the error
 * @throws MeshError `code`
 */
export function parseServerUrl(text: string, what: string, code: ErrorCode = 'usage'): string {
  const refuse = (why: string) =>
    new MeshError(code, `${what}: ${JSON.stringify(text)} ${why}`, {
      hint: 'a server looks like http://127.0.0.1:8080 or https://mesh.example.com',
    })
  if (!URL.canParse(text)) throw refuse('is not a URL')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('is not http or https')
  if (url.username !== '' || url.password !== '') throw refuse('must not hold a password')
  if (url.search !== '' || url.hash !== '') throw refuse('must not have a query or fragment')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}
