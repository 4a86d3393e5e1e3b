import type { AnswerPart } from '@agent-mesh/api/local'
import { describe, expect, it } from 'vitest'
import { fakeIo } from '../test/fake-io.js'
import { type AnswerOptions, writeAnswer } from './answer-writer.js'

const end: AnswerPart = { kind: 'end-of-message' }
const data = (text: string): AnswerPart => ({ kind: 'data', bytes: Buffer.from(text) })

async function written(
  parts: readonly AnswerPart[],
  options: Partial<AnswerOptions> & { isTTY?: boolean } = {},
): Promise<string> {
  const fake = fakeIo({ isTTY: options.isTTY ?? false })
  await writeAnswer(yieldAll(parts), fake.io, {
    stream: options.stream ?? false,
    json: options.json ?? false,
  })
  return fake.stdoutBytes.toString('latin1')
}

async function* yieldAll(parts: readonly AnswerPart[]): AsyncGenerator<AnswerPart, void> {
  for (const part of parts) {
    await Promise.resolve()
    yield part
  }
}

describe('an answer', () => {
  it('goes to stdout byte for byte', async () => {
    expect(await written([data('ab'), data('\u0000\n'), end, data('c'), end])).toBe('ab\u0000\nc')
  })

  it('ends with a newline on a terminal only, and only if it has none', async () => {
    expect(await written([data('ab')], { isTTY: true })).toBe('ab\n')
    expect(await written([data('ab\n')], { isTTY: true })).toBe('ab\n')
    expect(await written([], { isTTY: true })).toBe('')
  })

  it('is one line per message when streamed', async () => {
    const parts = [data('o'), data('ne'), end, data('two\n'), end, end, data('three')]
    expect(await written(parts, { stream: true })).toBe('one\ntwo\n\nthree\n')
  })

  it('is one document with --json, whatever it was', async () => {
    expect(await written([data('{"a":'), data(' 1}')], { json: true })).toBe('{"a": 1}\n')
    expect(await written([data('{\n"a": 1\n}\n')], { json: true })).toBe('{"a":1}\n')
    expect(await written([data('hello')], { json: true })).toBe('"hello"\n')
    expect(await written([], { json: true })).toBe('""\n')
    const bytes: AnswerPart = { kind: 'data', bytes: Uint8Array.of(0xff, 0xfe) }
    expect(await written([bytes], { json: true })).toBe('{"base64url":"__4"}\n')
  })

  it('is one document per message when streamed with --json', async () => {
    const parts = [data('1'), end, data('x'), end]
    expect(await written(parts, { json: true, stream: true })).toBe('1\n"x"\n')
  })

  it('leaves what came before a failure', async () => {
    const fake = fakeIo()
    const failing = async function* (): AsyncGenerator<AnswerPart, void> {
      yield data('part')
      await Promise.reject(new Error('cut'))
    }
    await expect(writeAnswer(failing(), fake.io, { stream: false, json: false })).rejects.toThrow(
      'cut',
    )
    expect(fake.stdout).toBe('part')
  })
})
