import { concat } from '@agent-mesh/core'

interface SmallBodyLimits {
  readonly maxBytes: number
  readonly waitMs: number
}

/**
 * A body that is short and complete at once comes whole, so that it can be sent with its length;
 * anything else comes as the stream it is, from its first byte.
 */
export async function gatherSmallBody(
  body: AsyncIterable<Uint8Array>,
  { maxBytes, waitMs }: SmallBodyLimits,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const items = body[Symbol.asyncIterator]()
  const gathered: Uint8Array[] = []
  let length = 0
  const patience = startTimer(waitMs)
  try {
    while (length <= maxBytes) {
      const next = items.next()
      // Whoever reads on, or gives up, hears of a failure; here it must only not go unhandled.
      next.catch(() => undefined)
      const item = await Promise.race([next, patience.over])
      if (item === undefined) return resumed(gathered, items, next)
      if (item.done) return concat(...gathered)
      gathered.push(item.value)
      length += item.value.length
    }
  } finally {
    patience.clear()
  }
  return resumed(gathered, items)
}

async function* resumed(
  gathered: readonly Uint8Array[],
  items: AsyncIterator<Uint8Array>,
  pending?: Promise<IteratorResult<Uint8Array>>,
): AsyncGenerator<Uint8Array, void> {
  let complete = false
  try {
    yield* gathered
    let item = await (pending ?? items.next())
    while (!item.done) {
      yield item.value
      item = await items.next()
    }
    complete = true
  } finally {
    if (!complete) await items.return?.()
  }
}

function startTimer(ms: number): { over: Promise<undefined>; clear: () => void } {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return { over, clear: () => clearTimeout(timer) }
}
