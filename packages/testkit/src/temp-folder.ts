import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onExit } from './leftovers.js'

/** A new folder that is gone, with all in it, when disposed. Its path is short: sockets live here. */
export class TempFolder implements AsyncDisposable {
  readonly path: string
  readonly #callOff: () => void

  private constructor(path: string) {
    this.path = path
    this.#callOff = onExit(() => rmSync(path, { recursive: true, force: true }))
  }

  static async create(): Promise<TempFolder> {
    return new TempFolder(await mkdtemp(join(tmpdir(), 'mesh-test-')))
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 })
    this.#callOff()
  }
}
