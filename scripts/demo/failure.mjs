import { existsSync, readFileSync } from 'node:fs'
import { Interruption } from './interruption.mjs'

/** Something that did not go as the story says, with the log that may tell why. */
export class Failure extends Error {
  /** @type {readonly string[]} */
  lastLines

  /** @param {string} reason @param {...string} logFiles read now, before they are cleared away */
  constructor(reason, ...logFiles) {
    super(reason)
    this.lastLines = logFiles.flatMap(lastLinesOf)
  }

  /**
   * @param {unknown} error @param {string} step
   * @returns {string[]} what a person should see of it
   */
  static report(error, step) {
    if (error instanceof Interruption) return ['', 'demo: interrupted']
    const reason = error instanceof Error ? error.message : String(error)
    const lines = error instanceof Failure ? error.lastLines : []
    const trace = error instanceof Failure || !(error instanceof Error) ? [] : [String(error.stack)]
    return ['', ...lines, ...trace, `demo: failed at ${step}: ${reason}`]
  }
}

/** @param {string} file @returns {string[]} */
function lastLinesOf(file) {
  const log = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : ''
  return log === '' ? [] : [`… ${file}`, ...log.split('\n').slice(-15)]
}
