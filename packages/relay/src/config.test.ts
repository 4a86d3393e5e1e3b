import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeypair, isMeshError, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { afterAll, describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { type RelayConfig, readCommand } from './config.js'
import { readConfigFile } from './config-file.js'
import { version } from './version.js'

const folder = mkdtempSync(join(tmpdir(), 'relay-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const agentId = () => createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id

function serve(argv: string[], environment: Record<string, string> = {}): RelayConfig {
  const command = readCommand(argv, environment)
  if (command.kind !== 'serve') throw new Error(command.kind)
  return command.config
}

function refusal(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    if (!isMeshError(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

function file(text: string): string {
  const path = join(folder, `${Math.random()}.toml`)
  writeFileSync(path, text)
  return path
}

describe('configuration', () => {
  it('refuses to start for nobody', () => {
    expect(refusal(() => serve([]))).toBe('config: this relay would let nobody in')
    expect(refusal(() => serve([file('agents = []')]))).toMatch(/^config: .*nobody/)
  })

  it('takes a registry from flag or environment, the flag first', () => {
    const environment = { MESH_REGISTRY: 'http://b', MESH_LISTEN: '127.0.0.1:2' }
    expect(serve([], environment)).toMatchObject({
      admits: { kind: 'registry', url: 'http://b' },
      listen: { host: '127.0.0.1', port: 2 },
    })
    const { admits } = serve(['--registry', 'http://a'], environment)
    expect(admits).toEqual({ kind: 'registry', url: 'http://a' })
  })

  it('takes a list of agents from a file, by name or by option', () => {
    const [alice, bob] = [agentId(), agentId()]
    const text = `listen = "127.0.0.1:9"\n[[agents]]\nid = "${alice}"\nname = "alice"\n[[agents]]\nid = "${bob}"\n`
    const path = file(text)
    for (const argv of [[path], ['--config', path]]) {
      expect(serve(argv)).toMatchObject({
        listen: { port: 9 },
        admits: { kind: 'listed', agents: [alice, bob] },
      })
    }
  })

  it('wants one of the two', () => {
    const path = file(`[[agents]]\nid = "${agentId()}"\n`)
    expect(refusal(() => serve([path, '--registry', 'http://a']))).toMatch(/^config: either/)
  })

  it('is reachable from elsewhere only under a name, and in clear only when told to', () => {
    const registry = ['--registry', 'http://a']
    const anywhere = [...registry, '--listen', '0.0.0.0:1']
    expect(refusal(() => serve(anywhere))).toMatch(/^config: 0\.0\.0\.0 is not a loopback/)
    const plain = [...anywhere, '--public-url', 'ws://mesh.example']
    expect(refusal(() => serve(plain))).toMatch(/^config: logins would travel/)
    expect(serve([...plain, '--insecure-http']).publicOrigins).toEqual(['ws://mesh.example'])
    const secure = [...anywhere, '--public-url', 'wss://mesh.example:443']
    expect(serve(secure).publicOrigins).toEqual(['wss://mesh.example'])
  })

  it.each([
    [['--listen', 'nowhere'], /^usage: --listen is not HOST:PORT/],
    [['--listen', '127.0.0.1:70000'], /^usage: --listen/],
    [['--nonsense'], /^usage: unknown option/],
    [['--registry', ''], /^usage: --registry needs a value/],
    [['--registry', 'http://a', '--log-level', 'loud'], /^usage: --log-level must be one of/],
    [['--registry', 'http://a', '--public-url', 'mesh'], /^config: --public-url mesh is not/],
    [['a.toml', 'b.toml'], /^usage: only one/],
    [['/nowhere.toml'], /^config: \/nowhere\.toml cannot be read: there is no such file$/],
    [['/'], /^config: \/ cannot be read: it is a folder$/],
    [
      ['/dev/null/a'],
      /^config: \/dev\/null\/a cannot be read: a part of the path is not a folder$/,
    ],
  ])('refuses %j', (argv, sentence) => {
    expect(refusal(() => serve(argv))).toMatch(sentence)
  })

  it.each([
    ['listen = ', /^config: f:1:\d+: /],
    ['port = 1', /^config: f: port is no setting/],
    ['listen = 1', /^config: f: listen is not a text/],
    ['public_url = [1]', /^config: f: public_url is neither/],
    ['agents = 1', /^config: f: agents is not \[\[agents\]\]/],
    ['agents = [1]', /^config: f: \[\[agents\]\] number 1 is not a table/],
    ['[[agents]]\nname = "a"', /^config: f: \[\[agents\]\] number 1 has no id/],
    ['[[agents]]\nid = "short"', /^config: f: \[\[agents\]\] number 1: .* 5 characters/],
    ['[[agents]]\nkey = "a"', /^config: f: \[\[agents\]\] number 1: key is no setting/],
  ])('refuses the file %j', (text, sentence) => {
    expect(refusal(() => readConfigFile(text, 'f'))).toMatch(sentence)
  })

  it('refuses an id that stands in the list twice', () => {
    const id = agentId()
    const text = `[[agents]]\nid = "${id}"\n[[agents]]\nid = "${id}"\n`
    expect(refusal(() => readConfigFile(text, 'f'))).toMatch(/number 2: the id stands there twice/)
  })

  it('answers help and version without anything else', () => {
    expect(readCommand(['--help'], {}).kind).toBe('help')
    expect(readCommand(['--version'], {}).kind).toBe('version')
    expect(version).toBe(manifest.version)
  })
})
