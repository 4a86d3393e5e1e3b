// Somebody at a machine of their own: a MESH_HOME, its login and its daemon.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { Shell } from './shell.mjs'

const meshctl = resolve(import.meta.dirname, '../bin/meshctl')

/** A daemon that was being started when the demo was broken off gets this long to be ended. */
const lateDaemonMs = 3_000

export class Person extends Shell {
  #home
  #isStarting = false
  /** @type {number | undefined} */
  #daemonPid

  /**
   * @param {import('./stage.mjs').Stage} stage
   * @param {import('./terminal.mjs').Terminal} terminal
   * @param {{ name: string, serverLog: string }} options
   */
  constructor(stage, terminal, { name, serverLog }) {
    const home = stage.file(`${name}.mesh`)
    super(stage, terminal, {
      who: name,
      env: { MESH_HOME: home },
      // What it says before it has a log of its own is in the other.
      logFiles: [join(home, 'logs/meshd.log'), join(home, 'logs/meshd.start'), serverLog],
    })
    this.#home = home
    stage.onClose(() => this.#endDaemon())
  }

  /** Brings an agent up, and remembers the daemon that this started. @param {string} line */
  async up(line) {
    this.#isStarting = true
    const { stderr } = await this.run(line)
    this.#daemonPid = Number(/\bpid (\d+)/.exec(stderr)?.[1]) || undefined
    this.#isStarting = false
  }

  async #endDaemon() {
    const giveUpAt = performance.now() + lateDaemonMs
    let isEnded = await this.#down()
    while (!isEnded && this.#isStarting && performance.now() < giveUpAt) {
      await pause(100)
      isEnded = await this.#down()
    }
    if (!isEnded && this.#daemonPid !== undefined && isAlive(this.#daemonPid)) {
      process.kill(this.#daemonPid, 'SIGKILL')
    }
  }

  /** @returns {Promise<boolean>} whether there was a daemon and it has ended */
  async #down() {
    const env = { ...process.env, MESH_HOME: this.#home }
    const child = spawn(meshctl, ['down', '--json'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    return /"stopped":true/.test(await text(child.stdout))
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    // No /proc to look at, but the signal went through.
    return error instanceof Error && 'path' in error && process.platform !== 'linux'
  }
}
