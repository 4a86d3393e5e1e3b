import { concat, MeshError, toHex, utf8 } from '@agent-mesh/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnswerFrame, AnswerFrameDecoder, encodeAnswerFrame } from './frames.js'
import { maxDataFrameBytes } from './limits.js'

const header: AnswerFrame = { kind: 'header', header: { type: 'text/plain' } }
const end: AnswerFrame = { kind: 'end' }

function bodyOf(frames: AnswerFrame[]): Uint8Array {
  return concat(...frames.flatMap(encodeAnswerFrame))
}

function decode(body: Uint8Array, pieceBytes = body.length): AnswerFrame[] {
  const decoder = new AnswerFrameDecoder()
  const frames: AnswerFrame[] = []
  for (let start = 0; start < body.length; start += pieceBytes) {
    frames.push(...decoder.push(body.subarray(start, start + pieceBytes)))
  }
  decoder.finish()
  return frames
}

/** Data as messages: where a frame was cut on the way must not matter. */
function messagesOf(frames: AnswerFrame[]): string[] {
  let open = ''
  const messages: string[] = []
  for (const frame of frames) {
    if (frame.kind === 'data') open += Buffer.from(frame.bytes).toString('hex')
    if (frame.kind === 'end-of-message' || frame.kind === 'end') {
      messages.push(open)
      open = ''
    }
  }
  return messages
}

describe('answer frames', () => {
  it.each<[AnswerFrame, string]>([
    [{ kind: 'data', bytes: utf8('hi') }, '02000000026869'],
    [{ kind: 'end-of-message' }, '0300000000'],
    [end, '0400000000'],
    [{ kind: 'header', header: {} }, '01000000027b7d'],
  ])('are a kind, a big-endian length and the bytes: %j', (frame, hex) => {
    expect(toHex(bodyOf([frame]))).toBe(hex)
  })

  it('pass data on without copying it', () => {
    const bytes = utf8('hi')
    expect(encodeAnswerFrame({ kind: 'data', bytes })[1]?.buffer).toBe(bytes.buffer)
  })

  it('come out as they went in, however the body was cut', () => {
    const data = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => ({ kind: 'data', bytes }) as const)
    const border = fc.constant({ kind: 'end-of-message' } as const)
    fc.assert(
      fc.property(
        fc.array(fc.oneof(data, border)),
        fc.integer({ min: 1, max: 64 }),
        (parts, cut) => {
          const frames: AnswerFrame[] = [header, ...parts, end]
          const decoded = decode(bodyOf(frames), cut)
          expect(decoded[0]).toEqual(header)
          expect(decoded.at(-1)).toEqual(end)
          expect(messagesOf(decoded)).toEqual(messagesOf(frames))
        },
      ),
    )
  })

  it('split data that is over the limit of one frame', () => {
    const bytes = new Uint8Array(2 * maxDataFrameBytes + 1).fill(7)
    expect(messagesOf(decode(bodyOf([header, { kind: 'data', bytes }, end])))).toEqual([
      Buffer.from(bytes).toString('hex'),
    ])
  })

  it('carry an error with its code, sentence, hint and details', () => {
    const error = new MeshError('handler-failed', 'exit code 3', {
      hint: 'look at it',
      details: { exitCode: 3 },
    })
    const [, frame] = decode(bodyOf([header, { kind: 'error', error }]))
    expect(frame).toMatchObject({
      kind: 'error',
      error: {
        code: 'handler-failed',
        message: 'exit code 3',
        hint: 'look at it',
        details: { exitCode: 3 },
      },
    })
  })

  it('hand out data before its frame is complete', () => {
    const body = bodyOf([header, { kind: 'data', bytes: new Uint8Array(100) }])
    const frames = new AnswerFrameDecoder().push(body.subarray(0, body.length - 40))
    expect(frames.at(-1)).toMatchObject({ kind: 'data', bytes: { length: 60 } })
  })

  it('never throw anything but a typed error on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError)
        }
      }),
    )
  })

  it.each([
    ['no end', bodyOf([header]), 'interrupted'],
    ['a cut frame', bodyOf([header, end]).subarray(0, -1), 'interrupted'],
    ['nothing at all', new Uint8Array(0), 'interrupted'],
    ['data before the header', bodyOf([{ kind: 'data', bytes: utf8('x') }]), 'invalid'],
    ['two headers', bodyOf([header, header]), 'invalid'],
    ['a frame after the end', bodyOf([header, end, end]), 'invalid'],
    ['an unknown kind', Uint8Array.of(9, 0, 0, 0, 0), 'invalid'],
    ['a header that is not JSON', Uint8Array.of(1, 0, 0, 0, 1, 0x7b), 'invalid'],
    ['a header of 4 GiB', Uint8Array.of(1, 255, 255, 255, 255), 'invalid'],
  ])('refuse %s', (_, body, code) => {
    expect(() => decode(body)).toThrow(expect.objectContaining({ code }))
  })
})
