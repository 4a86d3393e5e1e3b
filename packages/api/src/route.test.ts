import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { registryRoutes } from './registry/routes.js'
import { fillPath, queryString } from './route.js'

describe('a path', () => {
  it('holds its parameters in one segment each', () => {
    expect(fillPath('/v1/agents/:id', { id: 'a/b?c#d e' })).toBe('/v1/agents/a%2Fb%3Fc%23d%20e')
    expect(() => fillPath('/v1/agents/:id', { id: '..' })).toThrow('must not be')
    expect(() => fillPath('/v1/agents/:id', { id: '' })).toThrow('must not be')
  })

  it('never leaves its place, whatever the parameter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (id) => {
        fc.pre(id !== '.' && id !== '..')
        const url = new URL(`http://host${fillPath('/v1/agents/:id', { id })}`)
        expect(url.pathname.split('/')).toHaveLength(4)
        expect(decodeURIComponent(url.pathname.slice('/v1/agents/'.length))).toBe(id)
      }),
    )
  })

  it('is written once: no two rows of the registry have the same method and path', () => {
    const rows = Object.values(registryRoutes).map(({ method, path }) => `${method} ${path}`)
    expect(new Set(rows).size).toBe(rows.length)
  })
})

describe('a query', () => {
  it('escapes names and values and leaves out what is absent', () => {
    const text = queryString({ q: 'a&b=c+d #', limit: 3, cursor: undefined })
    expect(Object.fromEntries(new URLSearchParams(text))).toEqual({ q: 'a&b=c+d #', limit: '3' })
    expect(queryString({ q: undefined })).toBe('')
  })
})
