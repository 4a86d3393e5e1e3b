import { nodeCrypto } from '@agent-mesh/core/node'
import { openSqliteStore } from '@agent-mesh/registry'
import { expect, it } from 'vitest'
import { offerOwnerLogin } from './owner-login.js'

it('offers the login command on a line of its own, within 80 columns', async () => {
  using store = openSqliteStore(':memory:')
  let text = ''
  const terminal = { isTTY: true, write: (more: string) => (text += more) }
  await offerOwnerLogin({
    store,
    crypto: nodeCrypto,
    io: { env: {}, platform: 'linux', stdout: terminal, stderr: terminal },
    log: () => {},
    url: 'http://127.0.0.1:41234',
    dbPath: './mesh.db',
    ownerLoginFile: undefined,
  })
  const lines = text.split('\n')
  expect(lines[0]).toMatch(/^No owner yet\. On this machine run, until \d\d:\d\d:$/)
  expect(lines[2]).toMatch(
    /^ {4}meshctl login --server http:\/\/127\.0\.0\.1:41234 --code [A-Z0-9-]+$/,
  )
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
})
