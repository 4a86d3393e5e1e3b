import { writeFileSync } from 'node:fs'
import { CertificateAuthority, MeshHome, MeshServer, TempFolder } from '@agent-mesh/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const authority = new CertificateAuthority()
const aDay = 24 * 3_600_000

let folder: TempFolder
let caFile: string
let server: MeshServer

beforeAll(async () => {
  folder = await TempFolder.create()
  caFile = folder.file('ca.pem')
  writeFileSync(caFile, authority.cert)
  server = await MeshServer.start({ args: certificate('good', ['127.0.0.1']) })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** The server's words for a new certificate. */
function certificate(name: string, hosts: readonly string[], notAfter?: Date): string[] {
  const { cert, key } = authority.issue({ hosts, ...(notAfter === undefined ? {} : { notAfter }) })
  const [certFile, keyFile] = [folder.file(`${name}.crt`), folder.file(`${name}.key`)]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key, { mode: 0o600 })
  return ['--tls-cert', certFile, '--tls-key', keyFile]
}

/** What `login` says to a server it must not trust. */
async function refusal(at: MeshServer, ...more: string[]): Promise<string> {
  await using home = await MeshHome.create()
  const login = ['login', '--server', at.url, '--code', await at.ownerCode(), ...more]
  const { code, stdout, stderr } = await home.run(login)
  expect({ code, stderr, stdout: stdout.toString() }).toMatchObject({ code: 7, stdout: '' })
  // Three parts and no more: no stack trace, no dump of an inner library.
  expect(stderr).toMatch(/^error: [a-z-]+: .+\nhint: {2}.+\n$/)
  return stderr
}

describe('a server with a certificate of a private authority', () => {
  it('is reached with --ca-file at login alone: registry, feed and relay use it from then on', async () => {
    expect(server.url).toMatch(/^https:/)
    await using alice = await MeshHome.loggedIn(server, server.url, '--ca-file', caFile)
    await using bob = await MeshHome.loggedIn(server, server.url, '--ca-file', caFile)
    await bob.ok('up', '--name', 'bob', '--capability', 'echo', '--', 'cat')
    await alice.ok('up', '--name', 'alice')
    await alice.ok('acl', 'allow', '--from', 'alice', '--to', 'bob', '--capability', 'echo')
    const call = ['request', '--target', 'bob', '--capability', 'echo', '--payload', '"sealed"']
    expect((await alice.ok(...call)).text).toBe('"sealed"')
    const { agents } = await alice.status()
    expect(agents[0]?.link.relay).toMatch(/^wss:/)
    // A daemon that starts again finds the authority by itself.
    await alice.ok('down')
    await alice.ok('up')
    expect((await alice.ok(...call)).text).toBe('"sealed"')
  })

  it('is refused by who knows no authority', async () => {
    expect(await refusal(server)).toMatch(/certificate/)
  })

  it('is refused by who knows another authority', async () => {
    const other = folder.file('other-ca.pem')
    writeFileSync(other, new CertificateAuthority().cert)
    expect(await refusal(server, '--ca-file', other)).toMatch(/certificate/)
  })

  it('is refused when its certificate has expired, and the sentence says so', async () => {
    const args = certificate('expired', ['127.0.0.1'], new Date(Date.now() - aDay / 2))
    await using expired = await MeshServer.start({ args })
    expect(await refusal(expired, '--ca-file', caFile)).toMatch(/expired/)
  })

  it('is refused when its certificate is for another host', async () => {
    const args = certificate('elsewhere', ['elsewhere.test'])
    await using elsewhere = await MeshServer.start({ args })
    expect(await refusal(elsewhere, '--ca-file', caFile)).toMatch(/certificate/)
  })

  it('is not spoken to in plain http', async () => {
    await using home = await MeshHome.create()
    const url = server.url.replace('https:', 'http:')
    const { code, stderr } = await home.run(['login', '--server', url, '--code', 'AAAA-AAAA'])
    expect({ code, stderr }).toMatchObject({ code: 7 })
  })
})

describe('a CA file', () => {
  it('that is not there or holds none is named', async () => {
    await using home = await MeshHome.create()
    const empty = folder.file('empty.pem')
    writeFileSync(empty, 'nothing\n')
    for (const file of [folder.file('missing.pem'), empty]) {
      const login = ['login', '--server', server.url, '--ca-file', file, '--code', 'AAAA-AAAA']
      const { code, stderr } = await home.run(login)
      expect({ code, stderr }).toMatchObject({ code: 3 })
      expect(stderr).toContain(file)
    }
  })
})
