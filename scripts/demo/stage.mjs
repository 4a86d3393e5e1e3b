// The folder everything happens in, and what has to be cleared away in the end: last come, first
// gone. Nothing new may appear once the clearing has begun.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from './failure.mjs'

export class Stage {
  folder = mkdtempSync(join(tmpdir(), 'mesh-demo-'))
  /** @type {Set<() => unknown>} */
  #cleanups = new Set()
  #isClosing = false

  /** @param {...string} names */
  file(...names) {
    return join(this.folder, ...names)
  }

  get isClosing() {
    return this.#isClosing
  }

  /**
   * @param {() => unknown} cleanup run once, in the end; may be asynchronous, and may fail
   * @returns {() => void} calls it off
   */
  onClose(cleanup) {
    if (this.#isClosing) throw new Failure('the demo is ending')
    this.#cleanups.add(cleanup)
    return () => this.#cleanups.delete(cleanup)
  }

  async close() {
    this.#isClosing = true
    for (const cleanup of [...this.#cleanups].reverse()) {
      try {
        await cleanup()
      } catch (error) {
        process.stderr.write(`demo: clearing up: ${String(error)}\n`)
      }
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
