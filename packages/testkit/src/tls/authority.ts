// A certificate authority for tests, made anew each time: no key is committed, none needs openssl.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import * as x from './der.js'

const ecdsaWithSha256 = x.sequence(x.oid('1.2.840.10045.4.3.2'))
const commonName = '2.5.4.3'
const validMs = 24 * 3_600_000

/** PEM texts, as the server's `--tls-cert` and `--tls-key` files hold them. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface IssueOptions {
  /** Host names and IPv4 addresses it is for. */
  readonly hosts: readonly string[]
  /** When it ends; in a day when absent. */
  readonly notAfter?: Date
}

/** A self-signed authority (X.509 v3, P-256). */
export class CertificateAuthority {
  /** PEM of its own certificate: what `--ca-file` takes. */
  readonly cert: string
  readonly #name: string
  readonly #key: KeyObject

  constructor(name = 'agent-mesh test authority') {
    this.#name = name
    const { publicKey, privateKey } = newKeys()
    this.#key = privateKey
    const extensions = [
      extension('2.5.29.19', x.sequence(x.boolean(true)), { isCritical: true }),
      // keyCertSign and cRLSign.
      extension('2.5.29.15', x.bits(Buffer.from([0x06]), 1), { isCritical: true }),
    ]
    this.cert = this.#certify({ subject: name, publicKey, extensions })
  }

  issue({ hosts, notAfter }: IssueOptions): Certificate {
    const { publicKey, privateKey } = newKeys()
    const names = hosts.map((host) =>
      isIPv4(host)
        ? x.der(0x87, Buffer.from(host.split('.').map(Number)))
        : x.der(0x82, Buffer.from(host, 'latin1')),
    )
    const cert = this.#certify({
      subject: hosts[0] ?? 'nobody',
      publicKey,
      extensions: [extension('2.5.29.17', x.sequence(...names))],
      ...(notAfter === undefined ? {} : { notAfter }),
    })
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }

  #certify({ subject, publicKey, extensions, notAfter }: Statement): string {
    const now = Date.now()
    const body = x.sequence(
      x.tagged(0, x.positive(Buffer.from([2]))),
      x.positive(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
      ecdsaWithSha256,
      distinguishedName(this.#name),
      x.sequence(x.time(new Date(now - validMs)), x.time(notAfter ?? new Date(now + validMs))),
      distinguishedName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      x.tagged(3, x.sequence(...extensions)),
    )
    const signature = sign('sha256', body, this.#key)
    return pem(x.sequence(body, ecdsaWithSha256, x.bits(signature)))
  }
}

interface Statement {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
  readonly notAfter?: Date
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function distinguishedName(name: string): Buffer {
  return x.sequence(x.set(x.sequence(x.oid(commonName), x.text(name))))
}

function extension(id: string, value: Buffer, { isCritical = false } = {}): Buffer {
  return x.sequence(x.oid(id), ...(isCritical ? [x.boolean(true)] : []), x.octets(value))
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
