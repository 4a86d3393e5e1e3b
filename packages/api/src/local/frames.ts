/**
 * A call's answer on the local API, content type `application/vnd.agent-mesh.frames`.
 *
 *   frame = kind u8 ‖ length u32 (big-endian) ‖ bytes
 *
 *   1 header          JSON {type?, meta?}                             first, once
 *   2 data            bytes of the answer                             any number
 *   3 end of message  empty; what came since the last one is a message
 *   4 end             empty; the answer is complete                   last
 *   5 error           a problem document, as in problem.ts            last
 *
 * A body that stops before 4 or 5 was cut. Unknown kinds are refused: both ends are one release.
 */
import { fromUtf8, MeshError, utf8 } from '@agent-mesh/core'
import * as v from 'valibot'
import { parseJson } from '../parse.js'
import { fromProblem, problemSchema, toProblem } from '../problem.js'
import { fields, mapOf } from '../values.js'
import { maxDataFrameBytes, maxJsonFrameBytes } from './limits.js'

export const framesContentType = 'application/vnd.agent-mesh.frames'

const kinds = { header: 1, data: 2, endOfMessage: 3, end: 4, error: 5 } as const

const headBytes = 5

/** What the callee says before its answer: a content type, and metadata of at most 8 KiB as JSON. */
export const AnswerHeader = fields({
  type: v.optional(v.string()),
  meta: v.optional(mapOf(v.string())),
})
export type AnswerHeader = v.InferOutput<typeof AnswerHeader>

export type AnswerFrame =
  | { kind: 'header'; header: AnswerHeader }
  | { kind: 'data'; bytes: Uint8Array }
  | { kind: 'end-of-message' }
  | { kind: 'end' }
  | { kind: 'error'; error: MeshError }

/**
 * A frame as pieces to be written in this order. Data is passed on as it is, not copied: an answer
 * may be gigabytes. Over {@link maxDataFrameBytes} it becomes several frames.
 */
export function encodeAnswerFrame(frame: AnswerFrame): Uint8Array[] {
  switch (frame.kind) {
    case 'header':
      return jsonFrame(kinds.header, frame.header)
    case 'data':
      return dataFrames(frame.bytes)
    case 'end-of-message':
      return [frameHead(kinds.endOfMessage, 0)]
    case 'end':
      return [frameHead(kinds.end, 0)]
    case 'error':
      return jsonFrame(kinds.error, toProblem(frame.error))
  }
}

function frameHead(kind: number, length: number): Uint8Array {
  const head = new Uint8Array(headBytes)
  head[0] = kind
  new DataView(head.buffer).setUint32(1, length)
  return head
}

function jsonFrame(kind: number, value: unknown): Uint8Array[] {
  const json = utf8(JSON.stringify(value))
  return [frameHead(kind, json.length), json]
}

function dataFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += maxDataFrameBytes) {
    const piece = bytes.subarray(start, start + maxDataFrameBytes)
    frames.push(frameHead(kinds.data, piece.length), piece)
  }
  return frames
}

/**
 * Takes the body in whatever pieces it arrives. Data comes out as it comes in, possibly in parts
 * of a frame: only JSON frames are ever held back. Throws 'invalid' on anything but the grammar.
 */
export class AnswerFrameDecoder {
  #head = new Uint8Array(headBytes)
  #headFilled = 0
  #kind = 0
  #missing = 0
  #json: Uint8Array | undefined
  #expects: 'header' | 'body' | 'nothing' = 'header'

  /** The frames, or parts of data frames, that `chunk` completed. Data is a view on `chunk`. */
  push(chunk: Uint8Array): AnswerFrame[] {
    const frames: AnswerFrame[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (this.#headFilled < headBytes) {
        const taken = rest.subarray(0, headBytes - this.#headFilled)
        this.#head.set(taken, this.#headFilled)
        this.#headFilled += taken.length
        rest = rest.subarray(taken.length)
        if (this.#headFilled < headBytes) break
        this.#begin()
      }
      const taken = rest.subarray(0, this.#missing)
      rest = rest.subarray(taken.length)
      const frame = this.#take(taken)
      if (frame) frames.push(frame)
    }
    return frames
  }

  /** The body ended. Throws 'interrupted' when the answer had not: the daemon went away. */
  finish(): void {
    if (this.#expects === 'nothing' && this.#headFilled === 0) return
    throw new MeshError('interrupted', 'meshd ended the answer before it was complete')
  }

  #begin(): void {
    const length = new DataView(this.#head.buffer).getUint32(1)
    this.#kind = this.#head[0] ?? 0
    this.#missing = length
    this.#checkOrder()
    if (this.#kind === kinds.header || this.#kind === kinds.error) {
      if (length > maxJsonFrameBytes) throw invalid(`a JSON frame of ${length} bytes`)
      this.#json = new Uint8Array(length)
    } else if (this.#kind === kinds.data) {
      if (length > maxDataFrameBytes) throw invalid(`a data frame of ${length} bytes`)
    } else if (length !== 0) {
      throw invalid(`a frame of kind ${this.#kind} with ${length} bytes`)
    }
  }

  #checkOrder(): void {
    const kind = this.#kind
    if (kind < kinds.header || kind > kinds.error) throw invalid(`a frame of kind ${kind}`)
    if (this.#expects === 'nothing') throw invalid('a frame after the last')
    if ((this.#expects === 'header') !== (kind === kinds.header)) {
      throw invalid(`a frame of kind ${kind} where ${this.#expects} was due`)
    }
  }

  #take(bytes: Uint8Array): AnswerFrame | undefined {
    if (this.#json) this.#json.set(bytes, this.#json.length - this.#missing)
    this.#missing -= bytes.length
    const complete = this.#missing === 0
    if (complete) this.#headFilled = 0
    if (this.#kind === kinds.data) {
      return bytes.length > 0 ? { kind: 'data', bytes } : undefined
    }
    return complete ? this.#complete() : undefined
  }

  #complete(): AnswerFrame {
    const json = this.#json
    this.#json = undefined
    if (json && this.#kind === kinds.header) {
      this.#expects = 'body'
      return { kind: 'header', header: parseJson(AnswerHeader, fromUtf8(json), 'header') }
    }
    if (this.#kind === kinds.endOfMessage) return { kind: 'end-of-message' }
    this.#expects = 'nothing'
    if (!json) return { kind: 'end' }
    const error = fromProblem(parseJson(problemSchema, fromUtf8(json), 'error'))
    return { kind: 'error', error: error ?? new MeshError('internal', 'the call failed') }
  }
}

function invalid(what: string): MeshError {
  return new MeshError('invalid', `meshd's answer holds ${what}`)
}
