import { chmodSync, unlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { dirname } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import { getRequestListener } from '@hono/node-server'
import { makePrivateFolder } from '../home.js'
import { lastAnswersMs, socketBufferBytes } from '../limits.js'
import type { createApp } from './app.js'

type App = Pick<ReturnType<typeof createApp>, 'fetch'>

/** HTTP on a Unix socket, mode 0600 in a folder of mode 0700. */
export class LocalServer implements AsyncDisposable {
  readonly #server: Server
  readonly #path: string

  /** The caller holds the home's lock, so whatever stands at `path` was left by a dead daemon. */
  static async listen(path: string, app: App): Promise<LocalServer> {
    makePrivateFolder(dirname(path))
    removeSocket(path)
    const answer = getRequestListener((request, env) => app.fetch(request, env), {
      overrideGlobalObjects: false,
    })
    const server = createServer(
      // A call may wait for its answer as long as it likes, and send as slowly.
      { requestTimeout: 0, headersTimeout: 10_000, highWaterMark: socketBufferBytes },
      (request, response) => void answer(request, response),
    )
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        reject(new MeshError('config', `cannot listen at ${path} (${cause.message})`, { cause }))
      })
      server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
    return new LocalServer(server, path)
  }

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /**
   * Takes no more connections; answers under way, such as that to the shutdown itself, still go out
   * in bounded time. The socket file goes last.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    const timer = setTimeout(() => this.#server.closeAllConnections(), lastAnswersMs)
    await closed
    clearTimeout(timer)
    removeSocket(this.#path)
  }
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return
    throw new MeshError('config', `${path} cannot be removed`, { cause })
  }
}
