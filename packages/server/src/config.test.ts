import { isMeshError } from '@agent-mesh/core'
import { describe, expect, it } from 'vitest'
import { readCommand, type ServerConfig } from './config.js'

const configOf = (argv: string[], env: Record<string, string> = {}): ServerConfig => {
  const command = readCommand(argv, env)
  if (command.kind !== 'serve') throw new Error(`it was ${command.kind}`)
  return command.config
}
const refusal = (argv: string[], env: Record<string, string> = {}): string => {
  try {
    readCommand(argv, env)
  } catch (error) {
    if (isMeshError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  throw new Error('it was accepted')
}

describe('the configuration', () => {
  it('serves on loopback when nothing is said', () => {
    expect(configOf([])).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      dbPath: `${process.cwd()}/mesh.db`,
      publicOrigins: [],
      tls: undefined,
    })
  })

  it('prefers a flag to the environment, and the environment to the default', () => {
    const env = { MESH_LISTEN: '127.0.0.1:1', MESH_DB_PATH: '/env.db', MESH_READY_FILE: '' }
    const config = configOf(['--listen', '127.0.0.1:8080'], env)
    expect(config).toMatchObject({ listen: { port: 8080 }, dbPath: '/env.db' })
    expect(config.readyFile).toBeUndefined()
  })

  it('takes several public URLs, as origins', () => {
    const flags = [
      '--public-url',
      'https://Mesh.Example.com:443/',
      '--public-url=https://b.example',
    ]
    expect(configOf(flags).publicOrigins).toEqual(['https://mesh.example.com', 'https://b.example'])
    const env = { MESH_PUBLIC_URL: 'https://a.example, https://b.example' }
    expect(configOf([], env).publicOrigins).toEqual(['https://a.example', 'https://b.example'])
  })

  it('refuses to listen beyond this machine without saying how it is reached', () => {
    for (const address of ['0.0.0.0:8080', '[::]:8080', '192.168.0.2:80', 'mesh.local:80']) {
      expect(refusal(['--listen', address])).toMatch(/^config: .* not a loopback address/)
    }
    for (const address of ['127.0.0.1:0', '127.9.9.9:1', '[::1]:80', 'localhost:80']) {
      expect(configOf(['--listen', address]).publicOrigins).toEqual([])
    }
  })

  it('refuses to let tokens travel in clear unless told to', () => {
    const flags = ['--listen', '0.0.0.0:80', '--public-url', 'http://mesh.example.com']
    expect(refusal(flags)).toMatch(/^config: tokens would travel/)
    expect(configOf([...flags, '--insecure-http']).publicOrigins).toHaveLength(1)
    expect(configOf(flags, { MESH_INSECURE_HTTP: '1' }).publicOrigins).toHaveLength(1)
    expect(configOf(['--public-url', 'http://127.0.0.1:9000']).publicOrigins).toHaveLength(1)
  })

  it('names what is wrong with a value', () => {
    expect(refusal(['--listen', '8080'])).toBe('usage: --listen is not HOST:PORT: 8080')
    expect(refusal(['--listen', 'a:70000'])).toMatch(/^usage: --listen/)
    expect(refusal([], { MESH_LISTEN: 'x' })).toMatch(/^config: MESH_LISTEN is not HOST:PORT/)
    expect(refusal(['--public-url', 'https://a.example/path'])).toMatch(/^config: --public-url/)
    expect(refusal(['--public-url', 'ftp://a.example'])).toMatch(/^config: --public-url/)
    expect(refusal(['--tls-cert', 'cert.pem'])).toMatch(/^config: .*belong together/)
    expect(refusal(['--log-level', 'loud'])).toMatch(/^usage: --log-level must be one of/)
    expect(refusal(['--db-path', ''])).toBe('usage: --db-path needs a value')
    expect(refusal(['--no-such-flag'])).toMatch(/^usage: .*no-such-flag/)
    expect(refusal(['--listen'])).toMatch(/^usage: .*listen/)
    expect(refusal(['start'])).toMatch(/^usage: "start" is not a command/)
    const flags = ['--tls-cert', 'c', '--tls-key', 'k', '--public-url', 'http://localhost:1']
    expect(refusal(flags)).toMatch(/^config: .*has TLS/)
  })

  it('knows its other commands', () => {
    expect(readCommand(['--help'], {})).toEqual({ kind: 'help' })
    expect(readCommand(['--version'], {})).toEqual({ kind: 'version' })
    const command = { kind: 'owner-login', dbPath: 'f.db' }
    expect(readCommand(['owner-login', '--db-path', 'f.db'], {})).toEqual(command)
    expect(readCommand(['--db-path', 'f.db', 'owner-login'], {})).toEqual(command)
  })
})
