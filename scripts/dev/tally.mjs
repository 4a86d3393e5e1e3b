// Counts what passed and failed, and ends a run with the one line that scripts read.
export class Tally {
  #passed = 0
  #failed = 0

  /** @param {number} passed @param {number} failed */
  add(passed, failed) {
    this.#passed += passed
    this.#failed += failed
  }

  /** @param {string} name @param {number} exitCode @param {number} startedAt */
  addStep(name, exitCode, startedAt) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    process.stdout.write(`${exitCode === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n`)
    this.add(exitCode === 0 ? 1 : 0, exitCode === 0 ? 0 : 1)
  }

  /** Writes the last line. @returns {number} the exit code */
  close() {
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`)
    return this.#failed === 0 ? 0 : 1
  }
}
