// Edits one value of a TOML file and leaves every other byte alone: comments, order, unknown keys.
// It understands plain `[table]` headers and one-line values only; whatever else a file holds is
// safe because the result is parsed again and must differ from the original in that value alone.
import { MeshError } from '@agent-mesh/core'
import { parse, type TomlTable, type TomlValue } from 'smol-toml'

type Scalar = string | number | boolean

/**
 * Sets `path` to `value`, adding the key or the table where it is absent.
 *
 * @param path table names, then the key
 * @throws MeshError `config` if the file is not TOML or cannot be edited safely
 */
export function setTomlValue(text: string, path: readonly string[], value: Scalar): string {
  const before = parseToml(text)
  const expected = parseToml(text)
  if (!assign(expected, path, value)) throw notEditable(path)
  if (sameValue(before, expected)) return text
  for (const edited of edits(text, path, literal(value))) {
    if (isToml(edited) && sameValue(parseToml(edited), expected)) return edited
  }
  throw notEditable(path)
}

/** @throws MeshError `config` naming line and column */
export function parseToml(text: string): TomlTable {
  try {
    return parse(text)
  } catch (error) {
    throw new MeshError('config', describeTomlError(error), { cause: error })
  }
}

function describeTomlError(error: unknown): string {
  if (!(error instanceof Error)) return 'not TOML'
  const { line, column } = error as Error & { line?: number; column?: number }
  const [first = ''] = error.message.split('\n')
  const reason = first.replace(/^Invalid TOML document: /, '')
  return line === undefined ? reason : `line ${line}, column ${column}: ${reason}`
}

function notEditable(path: readonly string[]): MeshError {
  return new MeshError('config', `${path.join('.')} is written in a way that cannot be edited here`)
}

/** The ways to edit it, likeliest first. A line that looks like a header may be part of a string. */
function* edits(text: string, path: readonly string[], value: string): Generator<string, void> {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const original = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)
  const table = path.slice(0, -1)
  const key = path.at(-1) ?? ''
  for (const range of findTables(original, table)) {
    const lines = [...original]
    setInRange(lines, range, key, value)
    yield `${lines.join(newline)}${newline}`
  }
  const lines = original.length === 0 ? [] : [...original, '']
  lines.push(`[${table.map(bareOrQuoted).join('.')}]`, `${bareOrQuoted(key)} = ${value}`)
  yield `${lines.join(newline)}${newline}`
}

interface Range {
  readonly start: number
  readonly end: number
}

/** The lines of a table's body, without its header. */
function findTables(lines: readonly string[], table: readonly string[]): Range[] {
  const headers = lines.flatMap((line, index) => (/^\s*\[/.test(line) ? [index] : []))
  if (table.length === 0) return [{ start: 0, end: headers[0] ?? lines.length }]
  return headers
    .filter((index) => namesTable(lines[index] ?? '', table))
    .map((header) => ({
      start: header + 1,
      end: headers.find((index) => index > header) ?? lines.length,
    }))
}

function namesTable(line: string, table: readonly string[]): boolean {
  if (/^\s*\[\[/.test(line)) return false
  try {
    let value: TomlValue | undefined = parse(line)
    for (const name of table) value = isTable(value) ? value[name] : undefined
    return isTable(value) && Object.keys(value).length === 0
  } catch {
    return false
  }
}

const assignment =
  /^(\s*(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#[{"'][^#]*?)(\s*(?:#.*)?)$/

function setInRange(lines: string[], range: Range, key: string, value: string): void {
  for (let index = range.start; index < range.end; index++) {
    const match = assignment.exec(lines[index] ?? '')
    if (match === null || !Object.hasOwn(parseLine(`${match[1]}0`), key)) continue
    lines[index] = `${match[1]}${value}${match[3]}`
    return
  }
  lines.splice(insertionPoint(lines, range), 0, `${bareOrQuoted(key)} = ${value}`)
}

function isToml(text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

function parseLine(line: string): TomlTable {
  try {
    return parse(line)
  } catch {
    return {}
  }
}

// After the last assignment: blank lines and comments before the next header belong to that one.
function insertionPoint(lines: readonly string[], range: Range): number {
  for (let index = range.end; index > range.start; index--) {
    if (!/^\s*(?:#.*)?$/.test(lines[index - 1] ?? '')) return index
  }
  return range.start
}

function assign(root: TomlTable, path: readonly string[], value: Scalar): boolean {
  let table = root
  for (const name of path.slice(0, -1)) {
    const next = table[name] ?? {}
    if (!isTable(next)) return false
    table[name] = next
    table = next
  }
  table[path.at(-1) ?? ''] = value
  return true
}

export function isTable(value: TomlValue | undefined): value is TomlTable {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  )
}

function sameValue(a: TomlValue | undefined, b: TomlValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]))
  }
  if (isTable(a) && isTable(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...names].every((name) => sameValue(a[name], b[name]))
  }
  if (a instanceof Date && b instanceof Date) return a.toISOString() === b.toISOString()
  return Object.is(a, b)
}

/** A TOML basic string, or the number or boolean as it is. */
export function literal(value: Scalar): string {
  if (typeof value !== 'string') return String(value)
  // JSON's escapes are TOML's; JSON leaves DEL raw, which TOML forbids.
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f')
}

function bareOrQuoted(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : literal(name)
}
