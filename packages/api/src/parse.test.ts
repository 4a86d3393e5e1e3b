import { MeshError } from '@agent-mesh/core'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { parse, parseJson } from './parse.js'
import { fields, mapOf } from './values.js'

const schema = v.strictObject({
  name: v.pipe(v.string(), v.maxLength(3)),
  list: v.optional(v.array(v.object({ n: v.pipe(v.number(), v.minValue(1)) }))),
})
const complaint = (value: unknown): string => {
  try {
    parse(schema, value, 'body')
  } catch (error) {
    if (error instanceof MeshError) return error.message
    throw error
  }
  return 'none'
}

describe('the door', () => {
  it('names the field and what is wrong with it', () => {
    expect(complaint({})).toBe('body.name: is missing')
    expect(complaint({ name: 3 })).toBe('body.name: must be of type string')
    expect(complaint({ name: 'long' })).toBe('body.name: must be at most 3 characters')
    expect(complaint({ name: 'x', list: [{ n: 1 }, { n: 0 }] })).toBe(
      'body.list.1.n: must be at least 1',
    )
    expect(complaint({ name: 'x', nam: 1 })).toBe('body.nam: is not a field of this request')
    expect(complaint(null)).toBe('body: must be of type object')
    expect(complaint({ name: 'x' })).toBe('none')
  })

  it('does not repeat a stranger at length', () => {
    expect(complaint({ name: 'x', ['k'.repeat(10_000)]: 1 }).length).toBeLessThan(200)
  })

  it('takes no list for an object, and no inherited name for a field', () => {
    const loose = v.object({ all: fields({ a: v.optional(v.string()) }), map: mapOf(v.string()) })
    const refusal = (all: unknown, map: unknown) => () => parse(loose, { all, map }, 'body')
    expect(refusal({}, {})()).toEqual({ all: {}, map: {} })
    expect(refusal([], {})).toThrow('body.all: must be of type object')
    expect(refusal({}, ['a'])).toThrow('body.map: must be of type object')
    expect(complaint(JSON.parse('{"name":"x","__proto__":1}'))).toMatch(/^body.__proto__: is not/)
    expect(complaint({ name: 'x', toString: 1 })).toMatch(/^body.toString: is not/)
  })

  it('says where JSON is none', () => {
    expect(() => parseJson(schema, '{"name"', 'feed message')).toThrow('feed message: is not JSON')
  })

  it('lets no value through in any other way', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          expect(parse(schema, value, 'body')).toHaveProperty('name')
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' })
        }
      }),
    )
  })
})
