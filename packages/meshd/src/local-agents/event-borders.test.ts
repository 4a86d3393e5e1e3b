import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventBorders } from './event-borders.js'

/** The stream's events, fed in pieces of `pieceBytes`. */
function eventsOf(text: string, pieceBytes = 1): string[] {
  const borders = new EventBorders()
  const bytes = Buffer.from(text)
  const events: string[] = []
  let open = ''
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    for (const chunk of borders.split(bytes.subarray(start, start + pieceBytes))) {
      open += Buffer.from(chunk.bytes)
      if (!chunk.endOfMessage) continue
      events.push(open)
      open = ''
    }
  }
  if (open !== '') events.push(open)
  return events
}

describe('event borders', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n', ['data: a\n\n', 'data: b\n\n']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['data: a\r\n\r\n', 'data: b\r\n\r\n']],
    ['fields of one event', 'event: x\ndata: a\n\n', ['event: x\ndata: a\n\n']],
    ['an event without an end', 'data: a\n\ndata: b', ['data: a\n\n', 'data: b']],
  ])('stand after each blank line: %s', (_, text, events) => {
    expect(eventsOf(text)).toEqual(events)
  })

  it('do not depend on how the stream was cut, and lose no byte', () => {
    const text = fc
      .array(fc.constantFrom('\n', '\r\n', 'a', 'data: '))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (stream, pieceBytes) => {
        const events = eventsOf(stream, pieceBytes)
        expect(events.join('')).toBe(stream)
        expect(events).toEqual(eventsOf(stream))
      }),
    )
  })
})
