import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigFile } from './config-file.js'
import { findContext, nameFor, readToken, saveContext } from './contexts.js'
import { createKey, ensureKey, keyPath, readKey } from './key-file.js'
import { ensurePrivateFolder, writePrivateFile } from './private-file.js'
import { RulesFile } from './rules-file.js'

let home: string
beforeEach(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'meshctl-')), 'home')
})
afterEach(() => rm(join(home, '..'), { recursive: true }))

const local = { name: 'local', server: 'http://127.0.0.1:8080', insecureHttp: false }

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

describe('MESH_HOME', () => {
  it('is made private when it was made by hand and is empty', async () => {
    await mkdir(home, { mode: 0o700 })
    await chmod(home, 0o755)
    await ensurePrivateFolder(home)
    expect(await modeOf(home)).toBe(0o700)
  })

  it('is refused when others could have left something in it', async () => {
    await mkdir(home, { mode: 0o700 })
    await writeFile(join(home, 'config.toml'), '')
    await chmod(home, 0o755)
    await expect(ensurePrivateFolder(home)).rejects.toMatchObject({
      code: 'config',
      message: `${home} is open to others (mode 0755)`,
      hint: `chmod 700 ${home}`,
    })
  })

  it('that cannot be made or written in is a setting to change, not a fault', async () => {
    await writeFile(home, 'a file')
    await expect(ensurePrivateFolder(home)).rejects.toMatchObject({
      code: 'config',
      message: `cannot use ${home}: a file is in its place`,
    })
    const within = join(home, 'config.toml')
    await expect(writePrivateFile(within, '', { replace: true })).rejects.toMatchObject({
      code: 'config',
      message: `cannot use ${within}: a part of the path is not a folder`,
    })
  })
})

describe('a context', () => {
  it('is written readably, its token to a file of its own, both private', async () => {
    await saveContext(home, await ConfigFile.read(home), { context: local, token: 'mesh_secret' })
    const text = await readFile(join(home, 'config.toml'), 'utf8')
    expect(text).toBe('current = "local"\n\n[contexts.local]\nserver = "http://127.0.0.1:8080"\n')
    expect(await modeOf(home)).toBe(0o700)
    expect(await modeOf(join(home, 'config.toml'))).toBe(0o600)
    expect(await modeOf(join(home, 'tokens', 'local'))).toBe(0o600)
    expect(findContext(await ConfigFile.read(home), undefined)).toEqual(local)
    expect(await readToken(home, local)).toBe('mesh_secret')
  })

  it('is found by its server, else it is the current one, else the only one', async () => {
    const work = { name: 'work', server: 'https://mesh.example.com', insecureHttp: false }
    await saveContext(home, await ConfigFile.read(home), { context: local, token: 'a' })
    await saveContext(home, await ConfigFile.read(home), { context: work, token: 'b' })
    const config = await ConfigFile.read(home)
    expect(findContext(config, undefined)?.name).toBe('work')
    expect(findContext(config, local.server)?.name).toBe('local')
    expect(findContext(config, 'http://127.0.0.1:9')).toBeUndefined()
  })

  it('gets a name that is free', async () => {
    await saveContext(home, await ConfigFile.read(home), { context: local, token: 'a' })
    const config = await ConfigFile.read(home)
    expect(nameFor('http://localhost:9', config)).toBe('local-9')
    expect(nameFor('https://mesh.example.com', config)).toBe('mesh.example.com')
  })

  it('keeps comments and unknown keys of the file', async () => {
    await mkdir(home, { mode: 0o700 })
    const written = '# mine\nfuture = [1, 2]\n\n[rules] # careful\nfollow_registry = false\n'
    await writeFile(join(home, 'config.toml'), written)
    await saveContext(home, await ConfigFile.read(home), { context: local, token: 'a' })
    const text = await readFile(join(home, 'config.toml'), 'utf8')
    for (const line of written.split('\n')) expect(text).toContain(line)
  })

  it('of a file that is a symbolic link is written through it', async () => {
    await mkdir(home, { mode: 0o700 })
    const real = join(home, '..', 'dotfiles.toml')
    await writeFile(real, '# mine\n')
    await symlink(real, join(home, 'config.toml'))
    await saveContext(home, await ConfigFile.read(home), { context: local, token: 'a' })
    expect(await readFile(real, 'utf8')).toContain('# mine')
    expect(await readFile(real, 'utf8')).toContain('current = "local"')
  })

  it('with a token that others may read is refused', async () => {
    await saveContext(home, await ConfigFile.read(home), { context: local, token: 'a' })
    const { chmod } = await import('node:fs/promises')
    await chmod(join(home, 'tokens', 'local'), 0o644)
    await expect(readToken(home, local)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringMatching(/^chmod 600 /),
    })
  })
})

describe('config.toml', () => {
  it.each([
    ['current = 3\n', /config\.toml: current must be a string/],
    ['x = = 1\n', /config\.toml: line 1, column \d+: /],
    ['[contexts.a]\n', /config\.toml: context "a" has no server/],
    ['[contexts.a]\nserver = "gopher://x"\n', /config\.toml: contexts\.a\.server: /],
  ])('that says %j is refused by name', async (text, message) => {
    await mkdir(home, { mode: 0o700 })
    await writeFile(join(home, 'config.toml'), text)
    const find = async () => findContext(await ConfigFile.read(home), undefined)
    await expect(find()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(message),
    })
  })
})

describe('a key', () => {
  it('is made once, private, and read again', async () => {
    const first = await ensureKey(home, 'bob', undefined)
    const again = await ensureKey(home, 'bob', undefined)
    expect([first.isNew, again.isNew]).toEqual([true, false])
    expect(again.secret.equals(first.secret)).toBe(true)
    expect(await modeOf(keyPath(home, 'bob'))).toBe(0o600)
    expect(await modeOf(join(home, 'keys'))).toBe(0o700)
  })

  it('is never overwritten unless that is asked for', async () => {
    const path = join(home, 'x.key')
    await mkdir(home, { mode: 0o700 })
    const first = await createKey(path, { replace: false })
    await expect(createKey(path, { replace: false })).rejects.toMatchObject({ code: 'usage' })
    expect((await readKey(path))?.equals(first)).toBe(true)
    const second = await createKey(path, { replace: true })
    expect((await readKey(path))?.equals(second)).toBe(true)
  })

  it('that is imported stays what it was, and never replaces another', async () => {
    const imported = SecretKey.generate(nodeCrypto)
    const key = await ensureKey(home, 'bob', imported)
    expect(key.secret.equals(imported)).toBe(true)
    await expect(ensureKey(home, 'bob', SecretKey.generate(nodeCrypto))).rejects.toMatchObject({
      code: 'config',
    })
  })

  it('in a file that others may read, or that holds none, is refused', async () => {
    await mkdir(home, { mode: 0o700 })
    const path = join(home, 'x.key')
    await writeFile(path, SecretKey.generate(nodeCrypto).format(), { mode: 0o644 })
    await expect(readKey(path)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/by others/),
    })
    await writeFile(join(home, 'y.key'), 'hello', { mode: 0o600 })
    await expect(readKey(join(home, 'y.key'))).rejects.toMatchObject({ code: 'config' })
  })
})

describe('rules.toml', () => {
  const rule = { effect: 'allow', from: '*', to: '*', capability: 'echo' } as const

  it('gains and loses rules and keeps all else', async () => {
    await mkdir(home, { mode: 0o700 })
    const written = [
      '# my rules',
      '[[rules]]',
      'effect = "deny" # never',
      'from = "*"',
      'to = "*"',
      'capability = "admin.*"',
      '',
      '# something else',
      '[other]',
      'x = 1',
      '',
    ].join('\n')
    await writeFile(join(home, 'rules.toml'), written)
    const file = await RulesFile.read(home)
    expect(await file.add(rule, { from: 'alice' })).toBe(true)
    expect(await file.add(rule, {})).toBe(false)
    expect(file.rules()).toHaveLength(2)
    expect(await readFile(file.path, 'utf8')).toBe(
      `${written}\n[[rules]]\neffect = "allow"\nfrom = "*"  # alice\nto = "*"\ncapability = "echo"\n`,
    )
    await file.remove([1])
    expect(await readFile(file.path, 'utf8')).toBe(written)
    await file.remove([0])
    expect(await readFile(file.path, 'utf8')).toBe(
      '# my rules\n\n# something else\n[other]\nx = 1\n',
    )
  })

  it('that is broken is refused, naming the rule', async () => {
    await mkdir(home, { mode: 0o700 })
    await writeFile(join(home, 'rules.toml'), '[[rules]]\neffect = "permit"\n')
    await expect(RulesFile.read(home)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/rules\.toml: rule 1: effect must be/),
    })
  })
})
