import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readKeyFile, writeKeyFile } from './key-file.js'

const key = SecretKey.generate(nodeCrypto)
let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mesh-key-'))
  path = join(folder, 'bob.key')
})

afterEach(() => rm(folder, { recursive: true }))

test('a key is written for its owner alone and read back', async () => {
  await writeKeyFile(path, key)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await readKeyFile(path)).equals(key)).toBe(true)
  expect(await readdir(folder)).toEqual(['bob.key'])
})

test('a key that is there is not replaced unless that is asked for', async () => {
  await writeKeyFile(path, key)
  const other = SecretKey.generate(nodeCrypto)
  await expect(writeKeyFile(path, other)).rejects.toMatchObject({ code: 'config' })
  expect((await readKeyFile(path)).equals(key)).toBe(true)
  await writeKeyFile(path, other, { overwrite: true })
  expect((await readKeyFile(path)).equals(other)).toBe(true)
  expect(await readdir(folder)).toEqual(['bob.key'])
})

test('a key that others may read is refused, with the command that helps', async () => {
  await writeKeyFile(path, key)
  await chmod(path, 0o640)
  await expect(readKeyFile(path)).rejects.toMatchObject({
    code: 'config',
    hint: `chmod 600 ${path}`,
  })
})

test('a file that is not there, or no key, says which file', async () => {
  await expect(readKeyFile(path)).rejects.toMatchObject({
    code: 'config',
    message: `${path} is not there`,
  })
  await writeFile(path, 'hello', { mode: 0o600 })
  await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'config' })
  await writeFile(path, 'x'.repeat(5_000), { mode: 0o600 })
  await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'config' })
})

test('no error repeats what the file holds', async () => {
  const text = (
    await (async () => {
      await writeKeyFile(path, key)
      return readFile(path, 'utf8')
    })()
  ).trim()
  await writeFile(path, `${text}garbage`)
  const error = await readKeyFile(path).catch((reason: unknown) => reason)
  expect(String(error) + JSON.stringify(error)).not.toContain(text.slice(-20))
})
