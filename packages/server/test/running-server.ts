import { EventEmitter } from 'node:events'
import { readFileSync, watch } from 'node:fs'
import { createRegistryClient, type RegistryClient } from '@agent-mesh/api'
import { TempFolder } from '@agent-mesh/testkit'
import type { Host } from '../src/io.js'
import { main } from '../src/main.js'

/** A process that is none: signals are method calls, and what it prints is kept. */
export class FakeHost extends EventEmitter implements Host {
  readonly env: Record<string, string> = { MESH_LOG_LEVEL: 'error' }
  readonly platform: string = 'linux'
  readonly forced: number[] = []
  out = ''
  err = ''
  readonly stdout: Host['stdout']
  readonly stderr: Host['stderr']

  constructor({ isTTY = false } = {}) {
    super()
    this.stdout = { isTTY, write: (text) => (this.out += text) }
    this.stderr = { isTTY: false, write: (text) => (this.err += text) }
  }

  exit(code: number): void {
    this.forced.push(code)
  }
}

/** The whole command, in this process, in a folder of its own. */
export class RunningServer implements AsyncDisposable {
  readonly folder: TempFolder
  readonly host: FakeHost
  readonly url: string
  readonly ended: Promise<number>

  private constructor(parts: {
    folder: TempFolder
    host: FakeHost
    url: string
    ended: Promise<number>
  }) {
    this.folder = parts.folder
    this.host = parts.host
    this.url = parts.url
    this.ended = parts.ended
  }

  static async start(
    argv: readonly string[] = [],
    { folder, host = new FakeHost() }: { folder?: TempFolder; host?: FakeHost } = {},
  ): Promise<RunningServer> {
    const place = folder ?? (await TempFolder.create())
    const files = ['--db-path', place.file('mesh.db'), '--ready-file', place.file('ready')]
    const defaults = ['--listen', '127.0.0.1:0', '--owner-login-file', place.file('owner')]
    const ready = whenWritten(place, 'ready')
    const ended = main([...defaults, ...files, ...argv], host)
    const url = await Promise.race([
      ready.written,
      ended.then((code) => Promise.reject(new Error(`ended with ${code}: ${host.err}`))),
    ]).finally(ready.stop)
    return new RunningServer({ folder: place, host, url, ended })
  }

  client(token?: string, fetch?: Parameters<typeof createRegistryClient>[0]['fetch']) {
    return createRegistryClient({
      baseUrl: this.url,
      ...(token === undefined ? {} : { token }),
      ...(fetch === undefined ? {} : { fetch }),
    })
  }

  /** A client logged in as owner by the code in the owner login file. */
  async owner(): Promise<RegistryClient> {
    const code = readFileSync(this.folder.file('owner'), 'utf8')
    return this.client((await this.client().login({ body: { code } })).token)
  }

  /** As SIGTERM does. Resolves with the exit code. */
  async stop(): Promise<number> {
    this.host.emit('SIGTERM')
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.folder[Symbol.asyncDispose]()
  }
}

/** The text of a file that is put into the folder by renaming, whole or not at all. */
function whenWritten(folder: TempFolder, name: string) {
  let stop = () => {}
  const written = new Promise<string>((resolve) => {
    const look = () => {
      try {
        const text = readFileSync(folder.file(name), 'utf8')
        if (!text.endsWith('\n')) throw new Error(`half a file: ${text}`)
        resolve(text.trim())
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      }
    }
    const watcher = watch(folder.path, look)
    stop = () => watcher.close()
  })
  return { written, stop: () => stop() }
}
