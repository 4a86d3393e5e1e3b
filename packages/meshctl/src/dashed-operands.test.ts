import { describe, expect, it } from 'vitest'
import { markAll, markIds, unmark } from './dashed-operands.js'

const dashed = `-${'a'.repeat(42)}`
const doubleDashed = `--${'a'.repeat(41)}`

describe('words that begin with a dash', () => {
  it('are ids when they can be nothing else', () => {
    const words = ['show', dashed, doubleDashed, '-Ab3xQ9', '--json', '-', '--', '-h', '--to=x']
    const marked = markIds(words)
    expect(marked.map((word) => word.startsWith('\0'))).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
    expect(unmark(marked)).toEqual(words)
  })

  it('stand for themselves after the separator', () => {
    expect(unmark(markAll(['-v', '--x']))).toEqual(['-v', '--x'])
  })
})
