import { type AnswerFrame, encodeAnswerFrame, framesContentType } from '@agent-mesh/api/local'
import { asMeshError } from '@agent-mesh/core'
import type { BackendAnswer } from './backend.js'

/**
 * An answer as a streamed response. A piece is asked for only when the last one was taken, so a
 * slow reader slows the far agent and fills no memory here; a reader that leaves cancels the call.
 */
export function answerResponse(answer: BackendAnswer): Response {
  const frames = framesOf(answer)
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await frames.next()
        if (done) controller.close()
        else for (const piece of encodeAnswerFrame(value)) controller.enqueue(piece)
      },
      async cancel() {
        await frames.return()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(stream, {
    headers: { 'content-type': framesContentType, 'cache-control': 'no-store' },
  })
}

async function* framesOf(answer: BackendAnswer): AsyncGenerator<AnswerFrame, void> {
  const { type, meta } = answer
  yield { kind: 'header', header: { ...(type === undefined ? {} : { type }), meta: { ...meta } } }
  try {
    for await (const { bytes, endOfMessage } of answer.chunks()) {
      if (bytes.length > 0) yield { kind: 'data', bytes }
      if (endOfMessage) yield { kind: 'end-of-message' }
    }
  } catch (error) {
    yield { kind: 'error', error: asMeshError(error) }
    return
  }
  yield { kind: 'end' }
}
