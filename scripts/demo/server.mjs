// The server as an operator runs it, in the background, with a wire tap in front.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from './failure.mjs'

const bin = resolve(import.meta.dirname, '../bin/agent-mesh-server')
const readyMs = 30_000

export class Server {
  #stage
  #terminal
  #publicUrl
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child
  #listen = '127.0.0.1:0'

  /**
   * @param {import('./stage.mjs').Stage} stage
   * @param {import('./terminal.mjs').Terminal} terminal
   * @param {string} publicUrl the origin that agents dial
   */
  constructor(stage, terminal, publicUrl) {
    this.#stage = stage
    this.#terminal = terminal
    this.#publicUrl = publicUrl
    this.logFile = stage.file('server.log')
    stage.onClose(() => this.#stop('SIGTERM'))
  }

  get pid() {
    return this.#child?.pid ?? -1
  }

  /** Starts it, again on the same address after the first time. @returns {Promise<URL>} where it listens */
  async start() {
    const ready = this.#stage.file('ready')
    rmSync(ready, { force: true })
    const args = ['--listen', this.#listen, '--public-url', this.#publicUrl]
    args.push('--db-path', 'mesh.db', '--owner-login-file', 'owner-login', '--ready-file', 'ready')
    this.#terminal.typed('server', `agent-mesh-server ${args.join(' ')} >>server.log 2>&1 &`)
    const log = openSync(this.logFile, 'a')
    this.#child = spawn(bin, args, { cwd: this.#stage.folder, stdio: ['ignore', log, log] })
    closeSync(log)
    for (const giveUpAt = performance.now() + readyMs; !existsSync(ready); await pause(20)) {
      if (this.#child.exitCode !== null) throw new Failure('the server ended', this.logFile)
      if (performance.now() > giveUpAt) throw new Failure('the server is not ready', this.logFile)
    }
    const url = new URL(readFileSync(ready, 'utf8').trim())
    this.#listen = url.host
    return url
  }

  /** As a crash would, or the machine going down. */
  async kill() {
    this.#terminal.typed('server', `kill -9 ${this.pid}`)
    await this.#stop('SIGKILL')
  }

  /** @param {NodeJS.Signals} signal */
  async #stop(signal) {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolveEnd) => child.once('exit', resolveEnd))
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    child.kill(signal)
    await ended
    clearTimeout(timer)
  }
}
