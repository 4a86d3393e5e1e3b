// Runs a line as a shell would, shows it and what it prints. What the reader sees is what happened:
// no command is shown that was not run as shown.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { Failure } from './failure.mjs'

const root = resolve(import.meta.dirname, '../..')

/** Longer than any step takes on a slow machine: it only turns a hang into a failure. */
const limitMs = 60_000

/**
 * @typedef {object} CommandOptions
 * @property {number} [expected] the exit code that the story goes on with; 0 when absent
 * @property {boolean} [isHidden] neither the line nor what it prints is shown
 * @property {(line: string) => string} [show] how a line of stdout is shown
 * @property {(line: string) => void} [onLine] told of every line of stdout as it comes
 *
 * @typedef {object} CommandResult
 * @property {number} code
 * @property {string} stdout
 * @property {string} stderr
 */

export class Shell {
  #stage
  #terminal
  #who
  #environment
  /** What may tell why something failed. */
  logFiles

  /**
   * @param {import('./stage.mjs').Stage} stage
   * @param {import('./terminal.mjs').Terminal} terminal
   * @param {{ who: string, env?: Record<string, string>, logFiles: readonly string[] }} options
   */
  constructor(stage, terminal, { who, env = {}, logFiles }) {
    this.#stage = stage
    this.#terminal = terminal
    this.#who = who
    this.logFiles = logFiles
    this.#environment = environment(stage.folder, env)
  }

  /** Runs it to its end. @param {string} line @param {CommandOptions} [options] */
  async run(line, options) {
    return await this.start(line, options).done
  }

  /** @param {string} line @param {CommandOptions} [options] */
  start(line, { expected = 0, isHidden = false, show = (text) => text, onLine } = {}) {
    if (!isHidden) this.#terminal.typed(this.#who, line)
    // `exec`, so that a signal reaches the command itself.
    const child = spawn('/bin/sh', ['-c', `exec ${line}`], {
      cwd: this.#stage.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise((resolveEnd) => child.once('close', resolveEnd))
    const callOff = this.#stage.onClose(async () => {
      child.kill('SIGTERM')
      await ended
    })
    let stdout = ''
    const say = isHidden ? () => {} : (/** @type {string} */ text) => this.#terminal.line(text)
    eachLine(child.stdout, (text) => {
      stdout += `${text}\n`
      say(show(text))
      onLine?.(text)
    })
    let stderr = ''
    eachLine(child.stderr, (text) => {
      stderr += `${text}\n`
      say(text)
    })
    const done = this.#end(child, { line, expected }).finally(callOff)
    // Whoever starts a command may look at its end later, or never when the story breaks off.
    done.catch(() => {})
    return { child, done: done.then((code) => ({ code, stdout, stderr })) }
  }

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {{ line: string, expected: number }} options
   * @returns {Promise<number>}
   */
  async #end(child, { line, expected }) {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, limitMs)
    /** @type {number} */
    const code = await new Promise((resolveCode) => {
      child.once('error', () => resolveCode(127))
      child.once('close', (exitCode, signal) =>
        resolveCode(exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      )
    })
    clearTimeout(timer)
    if (isLate) throw new Failure(`"${line}" took over ${limitMs / 1000} s`, ...this.logFiles)
    if (code === expected) return code
    throw new Failure(`"${line}" ended with ${code}, not ${expected}`, ...this.logFiles)
  }
}

/**
 * @param {NodeJS.ReadableStream} stream
 * @param {(line: string) => void} onLine also for a last line without its end
 */
function eachLine(stream, onLine) {
  const decoder = new StringDecoder('utf8')
  let open = ''
  stream.on('data', (/** @type {Buffer} */ chunk) => {
    const lines = (open + decoder.write(chunk)).split('\n')
    open = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => {
    if (open !== '') onLine(open)
  })
}

/** The commands of this clone first on PATH, and no setting of the person's own mesh. */
function environment(/** @type {string} */ home, /** @type {Record<string, string>} */ more) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:MESH_|npm_|FORCE_COLOR$)/.test(name),
  )
  const path = [join(root, 'scripts/bin'), process.env['PATH'] ?? ''].join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path, HOME: home, NO_COLOR: '1', ...more }
}
