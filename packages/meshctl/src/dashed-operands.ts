// An AgentId is base64url, so one in 64 begins with `-` and looks like an option. Such a word is
// marked before the options are parsed and unmarked after. NUL is the mark because no operating
// system can pass one in an argument.
const mark = '\0'

const idLength = 43

/**
 * Marks the words that can only be ids or id prefixes: `-` and five or more characters of
 * base64url, or a whole id that begins with `--`. Our own short options are single letters.
 */
export function markIds(words: readonly string[]): string[] {
  return words.map((word) => (looksLikeId(word) ? mark + word : word))
}

/** Marks every word, for those after `--`. */
export function markAll(words: readonly string[]): string[] {
  return words.map((word) => mark + word)
}

export function unmark<T>(value: T): T {
  if (typeof value === 'string') return strip(value) as T & string
  if (Array.isArray(value)) return value.map((item) => unmark<unknown>(item)) as T & unknown[]
  return value
}

function strip(word: string): string {
  return word.startsWith(mark) ? word.slice(mark.length) : word
}

function looksLikeId(word: string): boolean {
  if (!/^-[A-Za-z0-9_-]+$/.test(word)) return false
  return word.length === idLength || (word.length >= 6 && word[1] !== '-')
}
