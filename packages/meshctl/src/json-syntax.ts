// JSON.parse says that a text is wrong, in words that differ from one engine to the next and
// often without saying where. This finds the place; it is asked only once parsing has failed.

export interface SyntaxFault {
  /** Counted from 1, in characters of the text. */
  readonly column: number
  readonly expected: string
}

/** Where `text` stops being JSON (RFC 8259); undefined if it never does. */
export function findJsonFault(text: string): SyntaxFault | undefined {
  const scanner = new Scanner(text)
  try {
    scanner.value(0)
    scanner.end()
    return undefined
  } catch (fault) {
    if (fault instanceof Fault) return { column: scanner.at + 1, expected: fault.message }
    throw fault
  }
}

class Fault extends Error {}

/** Deeper than any message; JSON.parse would accept more, and then this is not asked. */
const maxDepth = 1000

class Scanner {
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): void {
    if (depth > maxDepth) throw new Fault('less nesting')
    this.#space()
    const next = this.#text[this.at]
    if (next === '{') this.#members(depth)
    else if (next === '[') this.#items(depth)
    else if (next === '"') this.#string()
    else if (
      !this.#take(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y)
    ) {
      throw new Fault('a value; text goes in double quotes')
    }
    this.#space()
  }

  end(): void {
    if (this.at < this.#text.length) throw new Fault('the end')
  }

  #members(depth: number): void {
    this.at += 1
    this.#space()
    if (this.#take(/\}/y)) return
    do {
      this.#space()
      if (this.#text[this.at] !== '"') throw new Fault('a name in double quotes')
      this.#string()
      this.#space()
      if (!this.#take(/:/y)) throw new Fault("':'")
      this.value(depth + 1)
    } while (this.#take(/,/y))
    if (!this.#take(/\}/y)) throw new Fault("',' or '}'")
  }

  #items(depth: number): void {
    this.at += 1
    this.#space()
    if (this.#take(/\]/y)) return
    do this.value(depth + 1)
    while (this.#take(/,/y))
    if (!this.#take(/\]/y)) throw new Fault("',' or ']'")
  }

  #string(): void {
    this.at += 1
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings
    this.#take(/(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y)
    if (!this.#take(/"/y)) throw new Fault("'\"' at the end of the text")
  }

  #space(): void {
    this.#take(/[ \t\r\n]*/y)
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.#text)) return false
    this.at = pattern.lastIndex
    return true
  }
}
