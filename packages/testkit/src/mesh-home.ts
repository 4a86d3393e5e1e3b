import { readFile } from 'node:fs/promises'
import { createLocalClient, type DaemonStatus, type LocalClient } from '@agent-mesh/api/local'
import { unixTransport } from '@agent-mesh/api/local/node'
import { Child, type ChildOptions } from './child.js'
import { eventually } from './eventually.js'
import { endProcess, gone, isAlive } from './foreign-process.js'
import { onExit } from './leftovers.js'
import { politeEndMs } from './limits.js'
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
  /** Every daemon seen here, so that none outlives this process. */
  readonly #daemons = new Set<number>()
  readonly #callOff: () => void

  private constructor(folder: TempFolder, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.path = folder.file('home')
    this.#env = { ...env, MESH_HOME: this.path, HOME: folder.path }
    this.#callOff = onExit(() => {
      for (const pid of this.#daemons) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    })
  }

  /** A home that knows no server yet. */
  static async create(env: Readonly<Record<string, string>> = {}): Promise<MeshHome> {
    return new MeshHome(await TempFolder.create(), env)
  }

  /**
   * A home whose person is logged in, at `url` if the server is reached through something else.
   *
   * @param more words for the login, as `--ca-file FILE`
   */
  static async loggedIn(
    server: MeshServer,
    url: string = server.url,
    ...more: string[]
  ): Promise<MeshHome> {
    const home = await MeshHome.create()
    try {
      await home.ok('login', '--server', url, '--code', await server.ownerCode(), ...more)
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
    if (args.includes('up')) await this.daemonPid()
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

  /** The daemon's status once it fits; a daemon that does not answer fits nothing. */
  async statusThat(fits: (status: DaemonStatus) => boolean, what: string): Promise<DaemonStatus> {
    const look = async () => {
      const status = await this.status().catch(() => undefined)
      return status !== undefined && fits(status) ? status : undefined
    }
    return eventually(look, { what })
  }

  /** Undefined when no daemon runs. */
  async daemonPid(): Promise<number | undefined> {
    try {
      const { pid } = await this.daemon.version()
      this.#daemons.add(pid)
      return pid
    } catch {
      return undefined
    }
  }

  async daemonLog(): Promise<string> {
    return readFile(`${this.path}/logs/meshd.log`, 'utf8').catch(() => '')
  }

  /** SIGKILL: the daemon gets to say nothing and write nothing. */
  async killDaemon(): Promise<void> {
    await this.#endDaemon('SIGKILL')
  }

  /** SIGTERM, and its end. */
  async terminateDaemon(): Promise<void> {
    await this.#endDaemon('SIGTERM')
  }

  /** Ends the daemon as `meshctl down` does, and by force where that does not help. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pid = await this.daemonPid()
    if (pid !== undefined) {
      await this.daemon.shutdown().catch(() => undefined)
      await gone(pid, politeEndMs).catch(() => undefined)
    }
    for (const daemon of this.#daemons) await endProcess(daemon, 'SIGKILL')
    this.#callOff()
    await this.folder[Symbol.asyncDispose]()
  }

  async #endDaemon(signal: NodeJS.Signals): Promise<void> {
    const pid = await this.daemonPid()
    if (pid !== undefined) await endProcess(pid, signal)
  }
}
