// `rules.toml`: what this machine's owner allows and denies, above anything the registry says.
// Each rule is a `[[rules]]` table; only whole tables are added and removed, the rest stays.
import { join } from 'node:path'
import { MeshError } from '@agent-mesh/core'
import { maxConfigBytes } from '../limits.js'
import { ensurePrivateFolder, readSmallFile, writePrivateFile } from './private-file.js'
import { isTable, literal, parseToml } from './toml-editor.js'

export interface LocalRule {
  readonly effect: 'allow' | 'deny'
  /** An id or `*`. */
  readonly from: string
  readonly to: string
  readonly capability: string
}

export class RulesFile {
  readonly path: string
  readonly #home: string
  #text: string

  private constructor(home: string, text: string) {
    this.#home = home
    this.path = join(home, 'rules.toml')
    this.#text = text
  }

  /** @throws MeshError `config` naming the file and the rule */
  static async read(home: string): Promise<RulesFile> {
    const text = (await readSmallFile(join(home, 'rules.toml'), maxConfigBytes)) ?? ''
    const file = new RulesFile(home, text)
    file.rules()
    return file
  }

  rules(): LocalRule[] {
    const { rules = [] } = this.#parse(this.#text)
    if (!Array.isArray(rules)) throw this.#broken('rules must be [[rules]] tables')
    return rules.map((rule, index) => {
      if (!isTable(rule)) throw this.#broken(`rule ${index + 1} is not a table`)
      const { effect, from, to, capability } = rule
      if (effect !== 'allow' && effect !== 'deny') {
        throw this.#broken(`rule ${index + 1}: effect must be "allow" or "deny"`)
      }
      if (typeof from !== 'string' || typeof to !== 'string' || typeof capability !== 'string') {
        throw this.#broken(`rule ${index + 1}: from, to and capability must be strings`)
      }
      return { effect, from, to, capability }
    })
  }

  /** Adds a rule; `names` says in comments whom the ids belong to. False if it is there already. */
  async add(rule: LocalRule, names: { from?: string; to?: string }): Promise<boolean> {
    if (this.rules().some((other) => sameRule(other, rule))) return false
    const block = [
      '[[rules]]',
      `effect = ${literal(rule.effect)}`,
      `from = ${literal(rule.from)}${comment(names.from)}`,
      `to = ${literal(rule.to)}${comment(names.to)}`,
      `capability = ${literal(rule.capability)}`,
    ].join('\n')
    const before = this.#text === '' ? '' : `${this.#text.replace(/\n*$/, '\n')}\n`
    await this.#write(`${before}${block}\n`, this.rules().length + 1)
    return true
  }

  /** Removes the rules at these places, counted from 0 in the order of the file. */
  async remove(indexes: readonly number[]): Promise<void> {
    const lines = this.#text.split('\n')
    const headers = lines.flatMap((line, index) => (/^\s*\[/.test(line) ? [index] : []))
    const own = headers.filter((index) => /^\s*\[\[\s*rules\s*\]\]/.test(lines[index] ?? ''))
    for (const index of [...indexes].sort((a, b) => b - a)) {
      const start = own[index]
      if (start === undefined)
        throw this.#broken('it is written in a way that cannot be edited here')
      const next = headers.find((header) => header > start) ?? lines.length
      const end = lastAssignment(lines, start, next) + 1
      lines.splice(start, end - start)
      if (lines[start] === '' && (start === 0 || lines[start - 1] === '')) lines.splice(start, 1)
    }
    await this.#write(lines.join('\n'), this.rules().length - indexes.length)
  }

  async #write(text: string, expectedRules: number): Promise<void> {
    const { rules = [] } = this.#parse(text)
    if (!Array.isArray(rules) || rules.length !== expectedRules) {
      throw this.#broken('it is written in a way that cannot be edited here')
    }
    await ensurePrivateFolder(this.#home)
    await writePrivateFile(this.path, text, { replace: true })
    this.#text = text
  }

  #parse(text: string) {
    try {
      return parseToml(text)
    } catch (error) {
      if (error instanceof MeshError) throw this.#broken(error.message)
      throw error
    }
  }

  #broken(why: string): MeshError {
    return new MeshError('config', `${this.path}: ${why}`)
  }
}

export function sameRule(a: LocalRule, b: LocalRule): boolean {
  const same = a.effect === b.effect && a.capability === b.capability
  return same && a.from === b.from && a.to === b.to
}

// A comment below the last assignment belongs to what comes next.
function lastAssignment(lines: readonly string[], start: number, end: number): number {
  let last = start
  for (let index = start; index < end; index++) {
    if (!/^\s*(?:#.*)?$/.test(lines[index] ?? '')) last = index
  }
  return last
}

function comment(name: string | undefined): string {
  return name === undefined ? '' : `  # ${name}`
}
