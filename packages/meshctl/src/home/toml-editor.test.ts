import { describe, expect, it } from 'vitest'
import { parseToml, setTomlValue } from './toml-editor.js'

const written = `# my mesh
current = "home" # the one I use

[contexts.home]
server = "http://127.0.0.1:8080"   # loopback
note = """
[rules]
"""
unknown_key = { a = 1 }

# rules I thought about
[rules]
`

describe('setTomlValue', () => {
  it('replaces a value and keeps the comment behind it', () => {
    const edited = setTomlValue(written, ['current'], 'work')
    expect(edited).toBe(written.replace('"home" #', '"work" #'))
  })

  it('adds a key to a table that is there and empty', () => {
    const edited = setTomlValue(written, ['rules', 'follow_registry'], true)
    expect(edited).toBe(`${written}follow_registry = true\n`)
  })

  it('adds a key after the last one of its table, before the comments of the next', () => {
    const text = '[a]\nx = 1\n\n# about b\n[b]\ny = 2\n'
    expect(setTomlValue(text, ['a', 'z'], 'q')).toBe(
      '[a]\nx = 1\nz = "q"\n\n# about b\n[b]\ny = 2\n',
    )
  })

  it('adds a table at the end, quoting names that need it', () => {
    const edited = setTomlValue('x = 1\n', ['contexts', 'a b', 'server'], 'http://h')
    expect(edited).toBe('x = 1\n\n[contexts."a b"]\nserver = "http://h"\n')
  })

  it('starts an empty file', () => {
    expect(setTomlValue('', ['rules', 'follow_registry'], true)).toBe(
      '[rules]\nfollow_registry = true\n',
    )
  })

  it('adds a top-level key above the first table', () => {
    expect(setTomlValue('# hello\n\n[a]\nx = 1\n', ['current'], 'a')).toBe(
      'current = "a"\n# hello\n\n[a]\nx = 1\n',
    )
  })

  it('returns the same bytes when the value is already there', () => {
    expect(setTomlValue(written, ['current'], 'home')).toBe(written)
  })

  it('keeps the line ends a file has', () => {
    expect(setTomlValue('[a]\r\nx = 1\r\n', ['a', 'x'], 2)).toBe('[a]\r\nx = 2\r\n')
  })

  it('refuses an edit that would change anything else', () => {
    const inline = 'contexts = { home = { server = "x" } }\n'
    expect(() => setTomlValue(inline, ['contexts', 'home', 'server'], 'y')).toThrow(
      expect.objectContaining({ code: 'config' }),
    )
  })

  it('is not fooled by a header inside a string', () => {
    const text = 'note = """\n[rules]\n"""\n'
    expect(setTomlValue(text, ['rules', 'follow_registry'], true)).toBe(
      `${text}\n[rules]\nfollow_registry = true\n`,
    )
  })

  it('names line and column of a file that is not TOML', () => {
    expect(() => parseToml('a = 1\nb = = 2\n')).toThrow(/line 2, column \d+: /)
  })

  it('writes strings that read back as they were', () => {
    for (const value of ['', 'a"b\\c', "it's", 'tab\tnew\nline', '\u007f', 'ünï ☃']) {
      expect(parseToml(setTomlValue('', ['a', 'b'], value))['a']).toEqual(
        Object.assign(Object.create(null), { b: value }),
      )
    }
  })
})
