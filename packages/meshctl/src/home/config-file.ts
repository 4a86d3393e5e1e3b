import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import type { TomlTable } from 'smol-toml'
import { maxConfigBytes } from '../limits.js'
import { ensurePrivateFolder, readSmallFile, writePrivateFile } from './private-file.js'
import { isTable, parseToml, setTomlValue } from './toml-editor.js'

/** `config.toml`: people edit it too, so it is only ever edited in place. */
export class ConfigFile {
  readonly path: string
  readonly #home: string
  #text: string
  #document: TomlTable

  private constructor(home: string, text: string) {
    this.#home = home
    this.path = join(home, 'config.toml')
    this.#text = text
    this.#document = parseNamed(this.path, text)
  }

  /** @throws MeshError `config` naming file, line and column */
  static async read(home: string): Promise<ConfigFile> {
    const text = await readSmallFile(join(home, 'config.toml'), maxConfigBytes)
    return new ConfigFile(home, text ?? '')
  }

  /** The string at `path`; undefined if absent. @throws MeshError `config` if it is something else */
  string(...path: string[]): string | undefined {
    const value = this.#at(path)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrongType(path, 'a string')
  }

  boolean(...path: string[]): boolean | undefined {
    const value = this.#at(path)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.#wrongType(path, 'true or false')
  }

  /** The names of the tables below `name`. */
  tables(name: string): string[] {
    const value = this.#at([name])
    if (value === undefined) return []
    if (!isTable(value)) throw this.#wrongType([name], 'a table')
    return Object.keys(value).filter((key) => isTable(value[key]))
  }

  /** Changes one value after another and writes the file if that changed it. */
  async set(...changes: [path: string[], value: string | boolean][]): Promise<void> {
    // Read again: someone may have edited it since, and only our own values are ours to change.
    const before = (await readSmallFile(this.path, maxConfigBytes)) ?? ''
    let text = before
    for (const [path, value] of changes) text = this.#edit(text, path, value)
    this.#text = text
    this.#document = parseNamed(this.path, text)
    if (text === before) return
    await ensurePrivateFolder(this.#home)
    await writePrivateFile(this.path, text, { replace: true })
  }

  /** The file's text as it is on disk. */
  get text(): string {
    return this.#text
  }

  #edit(text: string, path: string[], value: string | boolean): string {
    try {
      return setTomlValue(text, path, value)
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      throw new MeshError('config', `${this.path}: ${error.message}`, {
        cause: error,
        hint: `set ${path.join('.')} = ${JSON.stringify(value)} in it by hand`,
      })
    }
  }

  #at(path: readonly string[]) {
    let value: TomlTable[string] | undefined = this.#document
    for (const name of path) value = isTable(value) ? value[name] : undefined
    return value
  }

  #wrongType(path: readonly string[], expected: string): MeshError {
    return new MeshError('config', `${this.path}: ${path.join('.')} must be ${expected}`)
  }
}

function parseNamed(path: string, text: string): TomlTable {
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof MeshError)) throw error
    throw new MeshError('config', `${path}: ${error.message}`, { cause: error })
  }
}
