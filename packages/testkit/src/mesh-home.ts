import { createLocalClient, type DaemonStatus, type LocalClient } from '@agent-mesh/api/local'
import { unixTransport } from '@agent-mesh/api/local/node'
import { Child, type ChildOptions, gone } from './child.js'
import type { MeshServer } from './mesh-server.js'
import { programPath } from './programs.js'
import { TempFolder } from './temp-folder.js'

/** How a command ended and what it said. */
export interface Result {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
  /** stdout as text. */
  readonly text: string
}

/** A MESH_HOME: a person's login and a daemon with its agents, all in one temporary folder. */
export class MeshHome implements AsyncDisposable {
  readonly folder: TempFolder
  readonly path: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(folder: TempFolder, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.path = folder.file('home')
    this.#env = { ...env, MESH_HOME: this.path, HOME: folder.path }
  }

  /** A home that knows no server yet. */
  static async create(env: Readonly<Record<string, string>> = {}): Promise<MeshHome> {
    return new MeshHome(await TempFolder.create(), env)
  }

  /** A home whose person is logged in, at `url` if the server is reached through something else. */
  static async loggedIn(server: MeshServer, url: string = server.url): Promise<MeshHome> {
    const home = await MeshHome.create()
    try {
      await home.ok('login', '--server', url, '--code', await server.ownerCode())
      return home
    } catch (error) {
      await home[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts meshctl; the caller looks at it while it runs. */
  start(args: readonly string[], options: ChildOptions = {}): Child {
    const env = { ...this.#env, ...options.env }
    return new Child(process.execPath, [programPath('meshctl'), ...args], {
      cwd: this.folder.path,
      ...options,
      env,
    })
  }

  /** Runs meshctl to its end. */
  async run(args: readonly string[], options: ChildOptions = {}): Promise<Result> {
    await using child = this.start(args, options)
    const { code } = await child.exit
    const { stdout, stderr } = child
    return { code, stdout, stderr, text: stdout.toString('utf8') }
  }

  /** Runs meshctl, which must succeed. */
  async ok(...args: string[]): Promise<Result> {
    const result = await this.run(args)
    if (result.code === 0) return result
    throw new Error(`meshctl ${args.join(' ')} ended with ${result.code}: ${result.stderr}`)
  }

  /** The daemon's local API. */
  get daemon(): LocalClient {
    return createLocalClient({ transport: unixTransport(`${this.path}/meshd.sock`) })
  }

  async status(): Promise<DaemonStatus> {
    return this.daemon.status()
  }

  /** Undefined when no daemon runs. */
  async daemonPid(): Promise<number | undefined> {
    try {
      return (await this.daemon.version()).pid
    } catch {
      return undefined
    }
  }

  /** SIGKILL: the daemon gets to say nothing and write nothing. */
  async killDaemon(): Promise<void> {
    const pid = await this.daemonPid()
    if (pid === undefined) return
    process.kill(pid, 'SIGKILL')
    await gone(pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pid = await this.daemonPid()
    if (pid !== undefined) {
      const { code } = await this.run(['down'])
      if (code !== 0) await this.killDaemon()
    }
    await this.folder[Symbol.asyncDispose]()
  }
}
