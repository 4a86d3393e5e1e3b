import { readFile, rm } from 'node:fs/promises'
import { Child, type Exit } from './child.js'
import { eventually } from './eventually.js'
import { programPath } from './programs.js'
import type { ProxyTarget } from './proxy/faulty-proxy.js'
import { TempFolder } from './temp-folder.js'

export interface ServerOptions {
  /** More words for its command line. */
  readonly args?: readonly string[]
  /** Host and port; a free port on loopback when absent. */
  readonly listen?: string
  /** Accepted origins instead of its own address: those of a proxy in front, for instance. */
  readonly publicUrls?: readonly string[]
}

/** A real server in a folder of its own. */
export class MeshServer implements AsyncDisposable {
  readonly folder: TempFolder
  /** Base URL without trailing slash. */
  url: string
  #child: Child
  readonly #options: ServerOptions
  #earlierLog = ''

  private constructor(folder: TempFolder, options: ServerOptions, child: Child, url: string) {
    this.folder = folder
    this.#options = options
    this.#child = child
    this.url = url
  }

  static async start(options: ServerOptions = {}): Promise<MeshServer> {
    const folder = await TempFolder.create()
    const child = spawnServer(folder, options.listen ?? '127.0.0.1:0', options)
    try {
      return new MeshServer(folder, options, child, await readyUrl(folder, child))
    } catch (error) {
      await child.kill()
      await folder[Symbol.asyncDispose]()
      throw error
    }
  }

  get pid(): number {
    return this.#child.pid
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** Where it listens, for a proxy in front. */
  get address(): ProxyTarget {
    return { host: new URL(this.url).hostname, port: this.port }
  }

  get dbPath(): string {
    return this.folder.file('mesh.db')
  }

  /** All it has written to stdout and stderr, across restarts. */
  get log(): string {
    return this.#earlierLog + said(this.#child)
  }

  /** A new one-time code for its owner. */
  async ownerCode(): Promise<string> {
    const args = [programPath('server'), 'owner-login', '--db-path', this.dbPath]
    await using child = new Child(process.execPath, args)
    const { code } = await child.exit
    if (code !== 0) throw new Error(`owner-login ended with ${code}: ${child.stderr}`)
    const words = child.stdout.toString('utf8').trim().split(/\s+/)
    return words.at(-1) ?? ''
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal)
  }

  /** SIGKILL: it gets to say nothing and write nothing. */
  async kill(): Promise<void> {
    await this.#child.kill()
  }

  async stop(): Promise<Exit> {
    return this.#child.stop()
  }

  /** Starts it again on the same address and database. */
  async restart(): Promise<void> {
    await this.#child.stop()
    this.#earlierLog = this.log
    await rm(this.folder.file('ready'), { force: true })
    this.#child = spawnServer(this.folder, `127.0.0.1:${this.port}`, this.#options)
    await readyUrl(this.folder, this.#child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop()
    await this.folder[Symbol.asyncDispose]()
  }
}

function spawnServer(
  folder: TempFolder,
  listen: string,
  { args = [], publicUrls = [] }: ServerOptions,
): Child {
  const files = ['--db-path', folder.file('mesh.db'), '--owner-login-file', folder.file('owner')]
  const ready = ['--ready-file', folder.file('ready')]
  const origins = publicUrls.flatMap((url) => ['--public-url', url])
  const all = ['--listen', listen, ...files, ...ready, ...origins, ...args]
  const env = { HOME: folder.path }
  return new Child(process.execPath, [programPath('server'), ...all], { cwd: folder.path, env })
}

async function readyUrl(folder: TempFolder, child: Child): Promise<string> {
  return eventually(
    async () => {
      if (child.isEnded) throw new Error(`the server ended: ${said(child)}`)
      const url = (await readFile(folder.file('ready'), 'utf8').catch(() => '')).trim()
      return url === '' ? undefined : url
    },
    { what: "the server's ready file" },
  )
}

function said({ stdout, stderr }: Child): string {
  return stdout.toString('utf8') + stderr
}
