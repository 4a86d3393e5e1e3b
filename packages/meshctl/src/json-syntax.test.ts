import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findJsonFault } from './json-syntax.js'

describe('findJsonFault', () => {
  it.each([
    ['{"a":1 "b":2}', 8, "',' or '}'"],
    ['{a:1}', 2, 'a name in double quotes'],
    ['[1,]', 4, 'a value; text goes in double quotes'],
    ['hello', 1, 'a value; text goes in double quotes'],
    ['', 1, 'a value; text goes in double quotes'],
    ['{} x', 4, 'the end'],
    ['"abc', 5, "'\"' at the end of the text"],
    ['[1 2]', 4, "',' or ']'"],
    ['01', 1, 'a value; text goes in double quotes'],
    ['{"a" 1}', 6, "':'"],
  ])('finds the place in %s', (text, column, expected) => {
    expect(findJsonFault(text)).toEqual({ column, expected })
  })

  it('agrees with JSON.parse on every JSON document', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(findJsonFault(text)).toBeUndefined()
      }),
    )
  })

  it('agrees with JSON.parse on damaged documents', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', ',', '0', 'x'),
        (json, at, by) => {
          const place = at % (json.length + 1)
          const text = json.slice(0, place) + by + json.slice(place + 1)
          expect(findJsonFault(text) === undefined).toBe(isJson(text))
        },
      ),
      { numRuns: 500 },
    )
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
