import { describe, expect, it } from 'vitest'
import { plainText, TextTail } from './text-tail.js'

describe('the tail of a text', () => {
  it('is its last bytes, however it came', () => {
    const tail = new TextTail(5)
    for (const text of ['one', 'two', '', 'a very long piece', '!!']) tail.push(Buffer.from(text))
    expect(tail.text).toBe('ece!!')
  })

  it('begins with a whole character', () => {
    const tail = new TextTail(4)
    tail.push(Buffer.from('x€y€'))
    expect(tail.text).toBe('y€')
  })

  it('keeps lines and tabs, and no other control character', () => {
    expect(plainText(Buffer.from('a\tb\nc\u001b[31m\u0000\u009b'))).toMatch(
      /^a\tb\nc\uFFFD\[31m\uFFFD+$/,
    )
  })
})
