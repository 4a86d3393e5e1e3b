import type { RegistryClient } from '@agent-mesh/api'
import { createLocalClient, type LocalClient } from '@agent-mesh/api/local'
import { unixTransport } from '@agent-mesh/api/local/node'
import type { Settings } from './config.js'
import { ConfigFile } from './home/config-file.js'
import { type Context, findContext, notLoggedIn, readToken } from './home/contexts.js'
import { parseServerUrl } from './home/server-url.js'
import type { Io } from './io.js'
import type { Output } from './output.js'

/** Options that stand before or after any command. */
export interface GlobalOptions {
  readonly server?: string
  readonly as?: string
  readonly caFile?: string
  readonly insecureHttp?: boolean
}

/** One run of meshctl, with the ways to what a command needs. */
export class Invocation {
  readonly io: Io
  readonly settings: Settings
  readonly output: Output
  readonly globals: GlobalOptions
  /** The words after `--`, if it was given. */
  readonly afterDashes: readonly string[] | undefined
  /** What the process ends with if nothing is thrown: an answer may be a no. */
  exitCode = 0

  constructor(parts: {
    io: Io
    settings: Settings
    output: Output
    globals: GlobalOptions
    afterDashes: readonly string[] | undefined
  }) {
    this.io = parts.io
    this.settings = parts.settings
    this.output = parts.output
    this.globals = parts.globals
    this.afterDashes = parts.afterDashes
  }

  get signal(): AbortSignal {
    return this.io.signal
  }

  /** The server named by `--server`, in its one spelling. */
  get server(): string | undefined {
    const { server } = this.globals
    return server === undefined ? undefined : parseServerUrl(server, '--server')
  }

  config(): Promise<ConfigFile> {
    return ConfigFile.read(this.settings.home)
  }

  /** The server this command is about. @throws MeshError `not-logged-in` */
  async context(): Promise<Context> {
    const { caFile, insecureHttp } = this.globals
    const context = findContext(await this.config(), this.server)
    if (context === undefined) throw notLoggedIn(this.server)
    return {
      ...context,
      ...(caFile === undefined ? {} : { caFile }),
      ...(insecureHttp === true ? { insecureHttp } : {}),
    }
  }

  /** The registry, as the person who is logged in. @throws MeshError `not-logged-in` */
  async registry(): Promise<RegistryClient> {
    const context = await this.context()
    const token = await readToken(this.settings.home, context)
    return this.registryAt(context, token)
  }

  async registryAt(context: Omit<Context, 'name'>, token?: string): Promise<RegistryClient> {
    const { connectRegistry } = await import('./registry-connection.js')
    return connectRegistry(context, token)
  }

  /** The daemon of this MESH_HOME. Nothing is sent until a method is called. */
  daemon(): LocalClient {
    return createLocalClient({ transport: unixTransport(this.settings.socketPath) })
  }
}
