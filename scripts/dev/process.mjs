// Runs a child and answers with its exit code; the caller decides what a failure means.
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

const forwarded = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * @typedef {object} RunOptions
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env
 * @property {string} [logFile] output goes there instead of the terminal
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<number>} the exit code; 128 + n for a signal, 127 if it could not start
 */
export async function run(command, args, { cwd, env, logFile }) {
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' })
  const output = log === undefined ? 'inherit' : 'pipe'
  const child = spawn(command, args, { cwd, env, stdio: ['inherit', output, output] })
  if (log !== undefined) {
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
  }
  // The child ends first, so that nothing of ours is left behind by a Ctrl-C.
  // A terminal sends Ctrl-C to the whole group; a second one would read as impatience.
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of forwarded) process.on(signal, forward)
  try {
    return await new Promise((resolve) => {
      child.once('error', (error) => {
        process.stderr.write(`error: ${command} could not be started: ${error.message}\n`)
        resolve(127)
      })
      child.once('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
    })
  } finally {
    for (const signal of forwarded) process.off(signal, forward)
    if (log !== undefined) await finished(log.end())
  }
}

/** @param {NodeJS.Signals | null} signal */
function signalNumber(signal) {
  return signal === 'SIGINT' ? 2 : signal === 'SIGKILL' ? 9 : signal === 'SIGHUP' ? 1 : 15
}
