import { describe, expect, it } from 'vitest'
import { ReplayableBody } from './replayable-body.js'

async function* bodyOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const bytes of body) text += Buffer.from(bytes)
  return text
}

describe('a body that can be begun again', () => {
  it('gives all of itself each time', async () => {
    const body = new ReplayableBody(bodyOf('a', 'b', 'c'), 100)
    for await (const _ of body.read()) break
    expect(await textOf(body.read())).toBe('abc')
    expect(await textOf(body.read())).toBe('abc')
  })

  it('loses nothing to a reading that was left while it waited', async () => {
    let deliver: (bytes: Uint8Array) => void = () => {}
    const first = new Promise<Uint8Array>((resolve) => {
      deliver = resolve
    })
    async function* slow() {
      yield await first
      yield Buffer.from('b')
    }
    const body = new ReplayableBody(slow(), 100)
    const abandoned = body.read().next()
    const second = textOf(body.read())
    deliver(Buffer.from('a'))
    expect(await second).toBe('ab')
    expect(Buffer.from((await abandoned).value ?? '').toString()).toBe('a')
  })

  it('cannot once more than its bound was read', async () => {
    const body = new ReplayableBody(bodyOf('12345', '67890'), 6)
    expect(await textOf(body.read())).toBe('1234567890')
    expect(body.canReplay).toBe(false)
    await expect(textOf(body.read())).rejects.toThrow('gone')
  })

  it('keeps nothing once it is settled, and goes on', async () => {
    const body = new ReplayableBody(bodyOf('a', 'b', 'c'), 100)
    const reading = body.read()
    await reading.next()
    body.settle()
    expect(await textOf(reading)).toBe('bc')
    expect(body.canReplay).toBe(false)
  })

  it('fails as its source fails', async () => {
    async function* broken() {
      yield Buffer.from('a')
      throw new Error('broken')
    }
    await expect(textOf(new ReplayableBody(broken(), 100).read())).rejects.toThrow('broken')
  })
})
