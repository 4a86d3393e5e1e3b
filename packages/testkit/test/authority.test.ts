import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { type Certificate, CertificateAuthority } from '../src/index.js'

/** The code of the error that a client trusting `ca` gets, or 'ok'. */
async function shakeHands({ cert, key }: Certificate, ca: string, host: string): Promise<string> {
  const server = createServer({ cert, key })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({
    host: '127.0.0.1',
    port,
    ca,
    servername: host === '127.0.0.1' ? '' : host,
  })
  try {
    await once(client, 'secureConnect')
    return 'ok'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'none'
  } finally {
    client.destroy()
    server.close()
  }
}

describe('a certificate authority', () => {
  it('is trusted by who knows it, for the hosts it names', async () => {
    const authority = new CertificateAuthority()
    const certificate = authority.issue({ hosts: ['127.0.0.1', 'mesh.test'] })
    expect(await shakeHands(certificate, authority.cert, '127.0.0.1')).toBe('ok')
    expect(await shakeHands(certificate, authority.cert, 'mesh.test')).toBe('ok')
    const other = await shakeHands(certificate, authority.cert, 'other.test')
    expect(other).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  it('is not trusted by who knows another', async () => {
    const certificate = new CertificateAuthority().issue({ hosts: ['127.0.0.1'] })
    const stranger = new CertificateAuthority()
    expect(await shakeHands(certificate, stranger.cert, '127.0.0.1')).not.toBe('ok')
  })

  it('issues certificates that end when they should', async () => {
    const authority = new CertificateAuthority()
    const notAfter = new Date(Date.now() - 3_600_000)
    const certificate = authority.issue({ hosts: ['127.0.0.1'], notAfter })
    expect(await shakeHands(certificate, authority.cert, '127.0.0.1')).toBe('CERT_HAS_EXPIRED')
  })
})
