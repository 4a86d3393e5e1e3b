import { createColors } from 'picocolors'
import type { Io } from './io.js'
import { type Column, table } from './table.js'

export interface OutputOptions {
  readonly json: boolean
  readonly color: boolean
  readonly wide: boolean
}

const screenWidth = 80

/**
 * What a command says. Only `data`, `json` and `table` reach stdout; everything meant for the
 * person in front goes to stderr, so that stdout can always be piped.
 */
export class Output {
  readonly isJson: boolean
  readonly isWide: boolean
  readonly #io: Io
  readonly #colors: ReturnType<typeof createColors>

  constructor(io: Io, options: OutputOptions) {
    this.#io = io
    this.isJson = options.json
    this.isWide = options.wide
    this.#colors = createColors(options.color)
  }

  /** One document, one line, on stdout. */
  json(value: unknown): void {
    this.#io.stdout.write(`${JSON.stringify(value)}\n`)
  }

  data(line: string): void {
    this.#io.stdout.write(`${line}\n`)
  }

  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const width = this.isWide ? Number.POSITIVE_INFINITY : screenWidth
    for (const line of table(columns, rows, width)) this.data(line)
  }

  /** A line for the person, on stderr. A script that asked for JSON finds nothing there but errors. */
  note(line: string): void {
    if (!this.isJson) this.#io.stderr.write(`${line}\n`)
  }

  /** `✓ registered bob · capabilities: echo` */
  done(line: string): void {
    this.note(`${this.#colors.green('✓')} ${line}`)
  }

  /** `✓ key        7Hq3fJ2k (new)`: one of several, with its subject in a column. */
  step(subject: string, line: string): void {
    this.done(`${subject.padEnd(10)} ${line}`)
  }

  warn(line: string): void {
    this.note(`${this.#colors.yellow('warning:')} ${line}`)
  }
}

/** NO_COLOR with any value but the empty one (no-color.org), `--no-color`, or no terminal: none. */
export function wantsColor(io: Io, argv: readonly string[]): boolean {
  if ((io.env['NO_COLOR'] ?? '') !== '' || argv.includes('--no-color')) return false
  return io.stderr.isTTY === true && io.env['TERM'] !== 'dumb'
}

/** Ids as people see them: 8 characters, or whole with `--wide`. */
export function displayId(id: string, output: Output): string {
  return output.isWide ? id : id.slice(0, 8)
}
