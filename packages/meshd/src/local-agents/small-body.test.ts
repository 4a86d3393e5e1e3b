import { describe, expect, it } from 'vitest'
import { gatherSmallBody } from './small-body.js'

const limits = { maxBytes: 8, waitMs: 60_000 }

async function* bodyOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function textOf(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  let text = ''
  for await (const bytes of body) text += Buffer.from(bytes)
  return text
}

describe('a body that is gathered while it is small', () => {
  it('comes whole when it is short and complete', async () => {
    const body = await gatherSmallBody(bodyOf('one', 'two'), limits)
    expect(body).toBeInstanceOf(Uint8Array)
    expect(await textOf(body)).toBe('onetwo')
  })

  it('comes as a stream from its first byte when it is long', async () => {
    const body = await gatherSmallBody(bodyOf('12345', '67890', 'abc'), limits)
    expect(body).not.toBeInstanceOf(Uint8Array)
    expect(await textOf(body)).toBe('1234567890abc')
  })

  it('comes as a stream when it is not complete in time, and loses nothing', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    async function* slow() {
      yield Buffer.from('a')
      await finished
      yield Buffer.from('b')
    }
    const body = await gatherSmallBody(slow(), { ...limits, waitMs: 1 })
    expect(body).not.toBeInstanceOf(Uint8Array)
    finish()
    expect(await textOf(body)).toBe('ab')
  })

  it('fails as its source fails', async () => {
    async function* broken() {
      yield Buffer.from('a')
      throw new Error('broken')
    }
    await expect(gatherSmallBody(broken(), limits)).rejects.toThrow('broken')
  })

  it('ends its source when its reader leaves', async () => {
    let ended = false
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(5)
      } finally {
        ended = true
      }
    }
    const body = await gatherSmallBody(endless(), limits)
    if (body instanceof Uint8Array) throw new Error('not a stream')
    for await (const _ of body) break
    expect(ended).toBe(true)
  })
})
