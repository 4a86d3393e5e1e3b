// Names and descriptions come from other people's agents. Shown raw, an escape sequence in one
// could rewrite what this terminal says about another.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is sought
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** The text on one line with nothing a terminal would obey. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd')
}
