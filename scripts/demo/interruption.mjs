// Ctrl-C ends the story, not the clearing up: signals are caught from the first line to the last.
import { constants } from 'node:os'

export class Interruption extends Error {
  /** @type {Promise<never>} */
  came
  /** As a shell has it. */
  exitCode = 1
  /** @type {readonly NodeJS.Signals[]} */
  #signals
  /** @type {(signal: NodeJS.Signals) => void} */
  #hear = () => {}

  /** @param {readonly NodeJS.Signals[]} signals */
  constructor(signals) {
    super('interrupted')
    this.#signals = signals
    this.came = new Promise((_resolve, reject) => {
      this.#hear = (signal) => {
        this.exitCode = 128 + constants.signals[signal]
        reject(this)
      }
    })
    // Until somebody waits for it, and after.
    this.came.catch(() => {})
    for (const signal of signals) process.on(signal, this.#hear)
  }

  ignore() {
    for (const signal of this.#signals) process.off(signal, this.#hear)
  }
}
