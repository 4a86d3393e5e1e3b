import { closeSync, fchmodSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

interface LogFileLimits {
  readonly maxBytes: number
  /** Files kept in all: `meshd.log`, `meshd.log.1`, … */
  readonly files: number
}

/**
 * A log of bounded size, mode 0600. Lines are written at once, so that the last words before a
 * crash are there; a disk that refuses them costs the lines and nothing else.
 */
export class LogFile implements Disposable {
  readonly #path: string
  readonly #limits: LogFileLimits
  #file: number
  #bytes: number

  constructor(path: string, limits: LogFileLimits) {
    this.#path = path
    this.#limits = limits
    this.#file = openPrivate(path)
    this.#bytes = fstatSync(this.#file).size
  }

  /** Takes one whole line, as pino hands it over. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#limits.maxBytes) this.#rotate()
      this.#bytes += writeSync(this.#file, bytes)
    } catch {
      // Nobody is left to tell.
    }
  }

  [Symbol.dispose](): void {
    if (this.#file < 0) return
    closeSync(this.#file)
    this.#file = -1
  }

  #rotate(): void {
    for (let number = this.#limits.files - 1; number > 0; number--) {
      renameIfThere(
        number === 1 ? this.#path : `${this.#path}.${number - 1}`,
        `${this.#path}.${number}`,
      )
    }
    closeSync(this.#file)
    this.#file = openPrivate(this.#path)
    this.#bytes = fstatSync(this.#file).size
  }
}

function openPrivate(path: string): number {
  const file = openSync(path, 'a', 0o600)
  fchmodSync(file, 0o600)
  return file
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch {
    // The first rotations have fewer files than they may have.
  }
}
