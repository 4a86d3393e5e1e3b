import { describe, expect, it } from 'vitest'
import { table } from './table.js'

const columns = [{ title: 'NAME' }, { title: 'TEXT', shrinks: true }]

describe('table', () => {
  it('is as wide as its widest cells, without trailing spaces', () => {
    expect(table(columns, [['alice', 'x']], 80)).toEqual(['NAME   TEXT', 'alice  x'])
  })

  it('cuts the shrinking column to fit the width', () => {
    const lines = table(columns, [['bob', 'a long description that does not fit']], 20)
    expect(lines).toEqual(['NAME  TEXT', 'bob   a long descri…'])
    expect(Math.max(...lines.map((line) => line.length))).toBe(20)
  })

  it('never cuts below a title', () => {
    expect(table(columns, [['a name that is long', 'abcdefgh']], 10)[1]).toBe(
      'a name that is long  abc…',
    )
  })
})
